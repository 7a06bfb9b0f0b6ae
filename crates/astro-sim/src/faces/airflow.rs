//! The REST API of a Deployment's Airflow as far as a deployer uses it: version 1 of Airflow 2.11
//! (<https://airflow.apache.org/docs/apache-airflow/2.11.0/stable-rest-api-ref.html>) and version 2 of Airflow 3.1
//! (<https://airflow.apache.org/docs/apache-airflow/3.1.8/stable-rest-api-ref.html>). It must not know the Astro API.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::exchange::{Answer, Call};
use crate::faces::airflow_render as render;
use crate::faces::airflow_runs_render as runs_render;
use crate::faces::route::{self, Route, route};
use crate::refusal::Refusal;
use crate::rules::airflow::{self as gate, Api};
use crate::rules::airflow_write::{Write, mask};
use crate::rules::{access, airflow_connections, airflow_dags, airflow_pools, airflow_runs, airflow_variables, rollouts};
use crate::world::airflow::{Airflow, Dag};
use crate::world::state::World;
use crate::world::token::Access;

/// Where the Airflows are; the Deployment's id follows, then `api` and the version.
pub const PREFIX: &str = "/airflow/";

const NONE: &[&str] = &[];
const PAGE: &[&str] = &["limit", "offset"];
const PATTERN: &[&str] = &["limit", "offset", "dag_id_pattern"];
const STATE: &[&str] = &["limit", "offset", "state"];
const MASK: &[&str] = &["update_mask"];

/// The version that alone has it, what the token must be allowed, and the query's parameters.
type Needs = (Option<Api>, Access, &'static [&'static str]);

const READ: Needs = (None, Access::Read, NONE);
const LIST: Needs = (None, Access::Read, PAGE);
const WRITE: Needs = (None, Access::Write, NONE);
const CHANGE: Needs = (None, Access::Write, MASK);

/// Every operation. Names of variables may hold slashes, and in version 2 those of pools.
const ROUTES: &[Route<Needs>] = &[
    route("GetVersion", "GET", "version", READ),
    route("GetHealth", "GET", "health", (Some(Api::V1), Access::Read, NONE)),
    route("GetHealth", "GET", "monitor/health", (Some(Api::V2), Access::Read, NONE)),
    route("ListConnections", "GET", "connections", LIST),
    route("CreateConnection", "POST", "connections", WRITE),
    route("GetConnection", "GET", "connections/*", READ),
    route("UpdateConnection", "PATCH", "connections/*", CHANGE),
    route("DeleteConnection", "DELETE", "connections/*", WRITE),
    route("ListVariables", "GET", "variables", LIST),
    route("CreateVariable", "POST", "variables", WRITE),
    route("GetVariable", "GET", "variables/**", READ),
    route("UpdateVariable", "PATCH", "variables/**", CHANGE),
    route("DeleteVariable", "DELETE", "variables/**", WRITE),
    route("ListPools", "GET", "pools", LIST),
    route("CreatePool", "POST", "pools", WRITE),
    route("GetPool", "GET", "pools/**", READ),
    route("UpdatePool", "PATCH", "pools/**", CHANGE),
    route("DeletePool", "DELETE", "pools/**", WRITE),
    route("ListDags", "GET", "dags", (None, Access::Read, PATTERN)),
    route("GetDag", "GET", "dags/*", READ),
    route("UpdateDag", "PATCH", "dags/*", CHANGE),
    route("TriggerDag", "POST", "dags/*/dagRuns", WRITE),
    route("GetDagRun", "GET", "dags/*/dagRuns/*", READ),
    route("ListTaskInstances", "GET", "dags/*/dagRuns/*/taskInstances", (None, Access::Read, STATE)),
    route("ListImportErrors", "GET", "importErrors", LIST),
];

/// A call to one Airflow.
struct Asked<'a> {
    call: &'a Call,
    api: Api,
    operation: &'static str,
    argument: &'a str,
    second: &'a str,
    body: Map<String, Value>,
}

/// What an operation came to, and what nobody should have asked for.
struct Done {
    status: u16,
    body: Option<Value>,
    damage: Option<String>,
}

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    let Some((_, version, rest)) = place(call) else { return "" };
    subject(call, &version, &rest).map_or("", |(route, _)| route.operation)
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let unknown = || {
        let what = format!("unknown Airflow route {} {}", call.method, call.path);
        render::refuse(Api::V2, &Refusal::new(501, "", "not simulated")).violating(what)
    };
    let Some((id, version, rest)) = place(call) else { return unknown() };
    rollouts::catch_up(world);
    let api = match gate::enter(world, call.header("authorization"), &id) {
        Ok(api) => api,
        Err(refusal) if refusal.code == gate::FOREIGN => {
            return render::refuse(Api::V2, &refusal).violating("a token was sent to another organization's Airflow");
        }
        Err(refusal) => return render::refuse(Api::V2, &refusal),
    };
    if version != api.segment() {
        return render::no_such_api(api);
    }
    let Some((route, arguments)) = subject(call, &version, &rest) else { return unknown() };
    if let Some((name, _)) = call.query.iter().find(|(name, _)| !route.needs.2.contains(&name.as_str())) {
        let refusal = api.malformed(format!("Extra query parameter(s) {name} not in spec"));
        return render::refuse(api, &refusal).violating(format!("parameter {name} of {} is not simulated", route.operation));
    }
    airflow_dags::refresh(world, &id);
    if route.operation == "ListImportErrors" {
        let now = world.clock.now();
        if let Ok(deployment) = world.find_deployment_mut(&id) {
            airflow_dags::parse_round(&mut deployment.airflow, now);
        }
    }
    let done = asked(world, call, (api, route), &arguments).and_then(|asked| perform(world, &id, &asked));
    match done {
        Ok(Done { status, body, damage }) => {
            let answer = body.map_or_else(|| Answer::empty(status), |body| Answer::json(status, &body));
            match damage {
                Some(damage) => answer.violating(damage),
                None => answer,
            }
        }
        Err(refusal) => render::refuse(api, &refusal),
    }
}

/// Returns the Deployment's id, the version and the rest of the path.
fn place(call: &Call) -> Option<(String, String, Vec<String>)> {
    let segments = call.segments(PREFIX)?;
    match segments.as_slice() {
        [id, api, version, rest @ ..] if api == "api" => Some((id.clone(), version.clone(), rest.to_vec())),
        _ => None,
    }
}

fn subject(call: &Call, version: &str, rest: &[String]) -> Option<(&'static Route<Needs>, Vec<String>)> {
    let (route, arguments) = route::find(ROUTES, &call.method, rest)?;
    route.needs.0.is_none_or(|api| api.segment() == version).then_some((route, arguments))
}

fn asked<'a>(
    world: &World,
    call: &'a Call,
    (api, route): (Api, &'static Route<Needs>),
    arguments: &'a [String],
) -> Result<Asked<'a>, Refusal> {
    let caller = access::authenticate(world, call.header("authorization"))?;
    let deployment = place(call).map(|(id, _, _)| id).unwrap_or_default();
    access::enter_airflow(world, &caller, &deployment, route.needs.1)?;
    let body = if matches!(call.method.as_str(), "POST" | "PATCH") { body(api, call)? } else { Map::new() };
    let argument = |index: usize| arguments.get(index).map_or("", String::as_str);
    Ok(Asked { call, api, operation: route.operation, argument: argument(0), second: argument(1), body })
}

fn body(api: Api, call: &Call) -> Result<Map<String, Value>, Refusal> {
    if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(match api {
            Api::V1 => Refusal::new(415, "", "Invalid Content-type, expected JSON data"),
            Api::V2 => api.malformed("Input should be a valid dictionary or object to extract fields from"),
        });
    }
    serde_json::from_slice(&call.body).map_err(|_| api.malformed("Request body is not a JSON object"))
}

fn perform(world: &mut World, id: &str, asked: &Asked<'_>) -> Result<Done, Refusal> {
    let now = world.clock.now();
    let deployment = world.find_deployment_mut(id)?;
    let version = deployment.airflow_version.clone();
    let airflow = &mut deployment.airflow;
    match asked.operation {
        "GetVersion" => Ok(shown(render::version(&version))),
        "GetHealth" => Ok(shown(render::health(now))),
        operation if operation.ends_with("Connection") || operation == "ListConnections" => connections(airflow, asked),
        operation if operation.ends_with("Variable") || operation == "ListVariables" => variables(airflow, asked),
        operation if operation.ends_with("Pool") || operation == "ListPools" => pools(airflow, asked),
        "TriggerDag" | "GetDagRun" | "ListTaskInstances" => runs(airflow, asked, now),
        _ => dags(airflow, asked),
    }
}

fn connections(airflow: &mut Airflow, asked: &Asked<'_>) -> Result<Done, Refusal> {
    let (api, id, write) = (asked.api, asked.argument, write(asked));
    let written = match asked.operation {
        "ListConnections" => {
            let items = airflow.connections.iter().map(|item| render::listed_connection(api, item)).collect();
            return list(asked, "connections", items);
        }
        "GetConnection" => return Ok(shown(render::connection(api, airflow_connections::find(airflow, id)?))),
        "DeleteConnection" => return airflow_connections::delete(airflow, id).map(|()| gone()),
        "CreateConnection" => airflow_connections::create(airflow, &write)?,
        _ => airflow_connections::update(airflow, id, &write)?,
    };
    Ok(Done { damage: written.damage, ..stored(asked, render::connection(api, &written.item)) })
}

fn variables(airflow: &mut Airflow, asked: &Asked<'_>) -> Result<Done, Refusal> {
    let (api, key, write) = (asked.api, asked.argument, write(asked));
    let written = match asked.operation {
        "ListVariables" => {
            let items = airflow.variables.iter().map(|item| render::variable(api, item)).collect();
            return list(asked, "variables", items);
        }
        "GetVariable" => return Ok(shown(render::variable(api, airflow_variables::find(airflow, key)?))),
        "DeleteVariable" => return airflow_variables::delete(airflow, key).map(|()| gone()),
        "CreateVariable" => airflow_variables::create(airflow, &write)?,
        _ => airflow_variables::update(airflow, key, &write)?,
    };
    Ok(Done { damage: written.damage, ..stored(asked, render::variable(api, &written.item)) })
}

fn pools(airflow: &mut Airflow, asked: &Asked<'_>) -> Result<Done, Refusal> {
    let (name, write) = (asked.argument, write(asked));
    if asked.api == Api::V1 && name.contains('/') {
        return Err(Refusal::not_found("pool", name));
    }
    match asked.operation {
        "ListPools" => list(asked, "pools", airflow.pools.iter().map(render::pool).collect()),
        "GetPool" => Ok(shown(render::pool(airflow_pools::find(airflow, name)?))),
        "DeletePool" => airflow_pools::delete(airflow, name).map(|()| gone()),
        "CreatePool" => Ok(stored(asked, render::pool(&airflow_pools::create(airflow, &write)?))),
        _ => Ok(stored(asked, render::pool(&airflow_pools::update(airflow, name, &write)?))),
    }
}

fn dags(airflow: &mut Airflow, asked: &Asked<'_>) -> Result<Done, Refusal> {
    let (api, id) = (asked.api, asked.argument);
    let broken: Vec<String> = airflow.import_errors.iter().map(|error| error.filename.clone()).collect();
    match asked.operation {
        "ListDags" => {
            let dags = airflow_dags::list(airflow, asked.call.parameter("dag_id_pattern"));
            let parsed = |dag: &Dag| airflow.parsed.get(&dag.dag_id).copied();
            list(asked, "dags", dags.iter().map(|dag| render::dag((api, parsed(dag)), dag, &broken)).collect())
        }
        "GetDag" => Ok(shown(render::dag((api, airflow.parsed.get(id).copied()), airflow_dags::find(airflow, id)?, &broken))),
        "UpdateDag" => {
            let parsed = airflow.parsed.get(id).copied();
            Ok(shown(render::dag((api, parsed), &airflow_dags::update(airflow, id, &write(asked))?, &broken)))
        }
        _ => list(asked, "import_errors", airflow.import_errors.iter().map(|error| render::import_error(api, error)).collect()),
    }
}

fn runs(airflow: &mut Airflow, asked: &Asked<'_>, now: Timestamp) -> Result<Done, Refusal> {
    let (api, dag, run) = (asked.api, asked.argument, asked.second);
    match asked.operation {
        "TriggerDag" => Ok(shown(runs_render::run(api, &airflow_runs::trigger(airflow, dag, &write(asked), now)?))),
        "GetDagRun" => Ok(shown(runs_render::run(api, &airflow_runs::look(airflow, dag, run)?))),
        _ => {
            let states = asked.call.parameters("state");
            let failed = airflow_runs::failed_tasks(airflow, dag, run)?;
            let wanted = failed.iter().filter(|_| states.is_empty() || states.iter().any(|state| state == "failed"));
            list(asked, "task_instances", wanted.map(|task| runs_render::failed_task((api, dag, run), task)).collect())
        }
    }
}

fn write<'a>(asked: &'a Asked<'_>) -> Write<'a> {
    Write { api: asked.api, body: &asked.body, mask: mask(asked.api, &asked.call.parameters("update_mask")) }
}

fn list(asked: &Asked<'_>, name: &str, items: Vec<Value>) -> Result<Done, Refusal> {
    let page = asked.api.page(asked.call.parameter("limit"), asked.call.parameter("offset"))?;
    let total = items.len();
    let mut body = Map::new();
    body.insert(name.to_owned(), page.cut(items).into());
    body.insert("total_entries".to_owned(), total.into());
    Ok(shown(Value::Object(body)))
}

/// Version 1 answers a creation with 200.
fn stored(asked: &Asked<'_>, body: Value) -> Done {
    let created = asked.operation.starts_with("Create") && asked.api == Api::V2;
    Done { status: if created { 201 } else { 200 }, ..shown(body) }
}

fn shown(body: Value) -> Done {
    Done { status: 200, body: Some(body), damage: None }
}

fn gone() -> Done {
    Done { status: 204, body: None, damage: None }
}
