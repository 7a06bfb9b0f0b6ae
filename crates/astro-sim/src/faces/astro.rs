//! The Astro API: checks each call and each answer against the contract and hands the rest to the operations.
//! It must not know the rules of any operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::contract::{Contract, Operation};
use crate::exchange::{Answer, Call};
use crate::faces::astro_request::{Outcome, Request};
use crate::faces::{astro_environment, astro_organization, astro_people, astro_reads, astro_records, astro_tokens, astro_writes};
use crate::refusal::{FieldError, Refusal};
use crate::rules::fields::Body;
use crate::rules::{access, audit, rollouts, tokens};
use crate::world::state::World;

/// Where the API begins.
pub const PREFIX: &str = "/v1";

/// Returns the operation a call means; empty if there is none.
pub fn operation(contract: &Contract, call: &Call) -> String {
    route(contract, call).map(|(operation, _)| operation.id.clone()).unwrap_or_default()
}

/// Answers a call.
pub fn answer(world: &mut World, contract: &Contract, call: &Call) -> Answer {
    let Some((operation, ids)) = route(contract, call) else {
        let what = format!("unknown Astro route {} {}", call.method, call.path);
        return refuse(world, &Refusal::new(501, "UNKNOWN", "No such route")).violating(what);
    };
    rollouts::catch_up(world);
    let outcome = prepare(world, contract, call, (operation, ids)).and_then(|request| respond(world, operation, &request));
    match outcome {
        Ok(Done::Answer(answer)) => answer,
        Ok(Done::Body(body)) => spell(world, contract, operation, body),
        Ok(Done::NotSimulated) => {
            let what = format!("operation {} is not simulated", operation.id);
            refuse(world, &Refusal::new(501, "NOT_SIMULATED", what.clone())).violating(what)
        }
        Err(refusal) => refuse(world, &refusal),
    }
}

fn route<'a>(contract: &'a Contract, call: &Call) -> Option<(&'a Operation, BTreeMap<String, String>)> {
    contract.route(&call.method, call.path.strip_prefix(PREFIX)?)
}

fn prepare<'a>(
    world: &mut World,
    contract: &Contract,
    call: &'a Call,
    (operation, ids): (&Operation, BTreeMap<String, String>),
) -> Result<Request<'a>, Refusal> {
    let caller = access::authenticate(world, call.header("authorization"))?;
    tokens::touch(world, &caller.id);
    let now = world.clock.now();
    if !world.rates.admit(&caller.id, &call.method, now) {
        return Err(Refusal::too_many(1));
    }
    fail_on(contract.check_query(operation, &call.query))?;
    let body = match &operation.body {
        Some(kind) => read_body(contract, kind, call)?,
        None => Map::new(),
    };
    if let Some(id) = ids.get("organizationId") {
        access::enter_organization(world, &caller, id)?;
    }
    access::admit(world, &caller, &operation.id, &ids)?;
    Ok(Request { caller, ids, call, body })
}

fn read_body(contract: &Contract, kind: &str, call: &Call) -> Result<Body, Refusal> {
    if call.header("content-type").is_none_or(|kind| !kind.starts_with("application/json")) {
        return Err(Refusal::invalid("Invalid request: Content-Type must be application/json"));
    }
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|error| Refusal::invalid(format!("Invalid request: {error}")))?;
    fail_on(contract.check(kind, &body))?;
    match body {
        Value::Object(body) => Ok(body),
        _ => Err(Refusal::invalid("Invalid request: body must be an object")),
    }
}

fn fail_on(errors: Vec<FieldError>) -> Result<(), Refusal> {
    let Some(first) = errors.first() else { return Ok(()) };
    let mut refusal = Refusal::invalid(format!("Invalid request: {}", first.message));
    refusal.fields = errors;
    Err(refusal)
}

/// What came of an operation.
enum Done {
    /// A body that the contract has a shape for, or none.
    Body(Option<Value>),
    /// An answer that the contract has no shape for.
    Answer(Answer),
    /// Nothing simulates it.
    NotSimulated,
}

fn respond(world: &mut World, operation: &Operation, request: &Request<'_>) -> Result<Done, Refusal> {
    if operation.id == astro_records::AUDIT {
        return astro_records::audit_log(world, request).map(Done::Answer);
    }
    let Some(outcome) = perform(world, &operation.id, request).transpose()? else { return Ok(Done::NotSimulated) };
    if operation.method != "GET" {
        audit::record(world, &request.caller, request.call, &request.body);
    }
    Ok(Done::Body(outcome))
}

fn perform(world: &mut World, id: &str, request: &Request<'_>) -> Option<Outcome> {
    let families = [
        astro_reads::perform,
        astro_writes::perform,
        astro_environment::perform,
        astro_people::perform,
        astro_tokens::perform,
        astro_organization::perform,
        astro_records::perform,
    ];
    families.into_iter().find_map(|family| family(world, id, request))
}

fn spell(world: &mut World, contract: &Contract, operation: &Operation, body: Option<Value>) -> Answer {
    let errors = match (&operation.answer, &body) {
        (Some(kind), Some(body)) => contract.check(kind, body),
        (None, None) => Vec::new(),
        _ => vec![FieldError { field: "body".into(), message: "body is there against the contract".into(), code: String::new() }],
    };
    if let Some(error) = errors.first() {
        let what = format!("answer of {} breaks the contract: {}", operation.id, error.message);
        return refuse(world, &Refusal::new(500, "BUG", what.clone())).violating(what);
    }
    match body {
        Some(body) => Answer::json(operation.status.parse().unwrap_or(200), &body),
        None => Answer::empty(204),
    }
}

/// Returns the platform's error body.
pub fn refuse(world: &mut World, refusal: &Refusal) -> Answer {
    let mut body = json!({
        "message": refusal.message, "statusCode": refusal.status, "requestId": format!("sim-request-{}", world.ids.number()),
    });
    if !refusal.fields.is_empty() {
        let field = |error: &FieldError| json!({ "field": error.field, "message": error.message, "code": error.code });
        body["fieldErrors"] = refusal.fields.iter().map(field).collect();
    }
    let answer = Answer::json(refusal.status, &body);
    match refusal.retry_after {
        Some(seconds) => answer.header("retry-after", &seconds.to_string()),
        None => answer,
    }
}
