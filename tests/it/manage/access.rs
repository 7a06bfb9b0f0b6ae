//! `liftoff access apply`.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::Deployment;
use astro_sim::world::role::{ORGANIZATION_OWNER, SubjectRoles};
use astro_sim::world::state::World;
use astro_sim::world::token::TokenSpec;

use crate::bench::Bench;

/// The world of the example in `docs/access.md`, in which nobody has the roles of the file yet.
fn bench() -> Bench {
    let mut world = World::new().workspace("Data");
    let data = world.workspaces[1].id.clone();
    world.add_deployment(Deployment { workspace_id: data.clone(), ..Deployment::named("prod") });
    let boss = SubjectRoles::of(ORGANIZATION_OWNER).in_workspace(&data, "WORKSPACE_OWNER");
    world.add_user("boss@acme.test", boss);
    let main = world.workspaces[0].id.clone();
    let prod = world.deployments[0].id.clone();
    let ann = SubjectRoles::of("ORGANIZATION_MEMBER").in_workspace(&main, "WORKSPACE_OWNER").on_dag(&prod, "daily", "DAG_AUTHOR");
    world.add_user("ann@acme.test", ann);
    world.add_user("old@acme.test", SubjectRoles::of("ORGANIZATION_MEMBER").in_workspace(&data, "WORKSPACE_MEMBER"));
    world.add_team("Data engineers", SubjectRoles::of("ORGANIZATION_MEMBER"), &[]);
    world.mint_token(TokenSpec { name: "bot".into(), ..TokenSpec::default() });
    let mut bench = Bench::with(world);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench.write("access.yaml", &example());
    bench
}

/// Returns the example of the page, about a token whose name the bench has only once.
fn example() -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md")).expect("the page");
    let block = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    block.replace("ci: WORKSPACE_OPERATOR", "bot: WORKSPACE_OPERATOR")
}

fn writes(bench: &Bench) -> usize {
    bench.sim.journal().iter().filter(|entry| entry.method != "GET").count()
}

fn roles(bench: &Bench, user: &str) -> SubjectRoles {
    bench.sim.with(|world| world.people.user_named(user).expect("the user").roles.clone())
}

const APPLY: [&str; 4] = ["access", "apply", "-f", "access.yaml"];

#[test]
fn the_example_of_the_page_is_planned_applied_and_then_a_no_op() {
    let bench = bench();
    let before = roles(&bench, "ann@acme.test");
    let planned = bench.run(&[&APPLY[..], &["--plan"]].concat());
    assert_eq!(planned.code, 0, "{}", planned.talk);
    assert!(planned.data.contains("+ user       ann@acme.test   Workspace Data   WORKSPACE_AUTHOR"), "{}", planned.data);
    assert!(planned.data.ends_with("4 changes, 2 as they shall be\n"), "{}", planned.data);
    let dry = bench.json(&[&APPLY[..], &["--dry-run"]].concat());
    assert_eq!(dry["changes"].as_array().map(Vec::len), Some(4));
    assert_eq!(writes(&bench), 0);
    let ran = bench.run(&APPLY);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let (data, prod) = bench.sim.with(|world| (world.workspaces[1].id.clone(), world.deployments[0].id.clone()));
    let expected = before.in_workspace(&data, "WORKSPACE_AUTHOR").in_deployment(&prod, "DEPLOYMENT_ADMIN");
    assert_eq!(roles(&bench, "ann@acme.test"), expected, "roles elsewhere and on DAGs stay");
    assert_eq!(roles(&bench, "old@acme.test").workspace(&data), Some("WORKSPACE_MEMBER"), "nothing is pruned unasked");
    let bot = bench.sim.with(|world| world.tokens.iter().find(|token| token.spec.name == "bot").expect("it").spec.roles.len());
    assert_eq!(bot, 2);
    let count = writes(&bench);
    assert_eq!(count, 3, "one write a holder");
    let again = bench.run(&APPLY);
    assert_eq!((again.code, again.data.as_str()), (0, "nothing to change, 6 as they shall be\n"), "{}", again.talk);
    assert_eq!(writes(&bench), count);
    bench.assert_clean(&ran);
}

#[test]
fn pruning_takes_away_what_a_list_of_the_file_does_not_name() {
    let bench = bench();
    let data = bench.sim.with(|world| world.workspaces[1].id.clone());
    let ran = bench.run(&[&APPLY[..], &["--prune"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(roles(&bench, "old@acme.test").workspace(&data), None);
    assert!(ran.talk.contains("the API takes nobody out of an Organization"), "{}", ran.talk);
    let main = bench.sim.with(|world| world.workspaces[0].id.clone());
    assert_eq!(roles(&bench, "ann@acme.test").workspace(&main), Some("WORKSPACE_OWNER"), "a place that is not in the file");
}

#[test]
fn a_wrong_file_writes_nothing() {
    let bench = bench();
    let rows = [
        ("workspaces:\n  Data:\n    usrs: {}\n", 2, "did you mean `users`?"),
        ("workspaces:\n  Data:\n    users:\n      ann@acme.test: WORKSPACE_AUTHR\n", 2, "line 4 of access.yaml"),
        ("workspaces:\n  Data:\n    users:\n      anne@acme.test: WORKSPACE_AUTHOR\n", 5, "did you mean `ann@acme.test`?"),
        ("workspaces:\n  Dota:\n    users: {}\n", 5, "did you mean `Data`?"),
        ("workspaces:\n  Data:\n    users:\n      boss@acme.test: WORKSPACE_MEMBER\n", 6, "last owner"),
        ("organization:\n  users:\n    boss@acme.test: ORGANIZATION_MEMBER\n", 6, "last owner"),
        ("", 2, "names no users"),
    ];
    for (text, code, said) in rows {
        bench.write("access.yaml", text);
        let ran = bench.run(&APPLY);
        assert_eq!(ran.code, code, "{text}: {}", ran.talk);
        assert!(ran.talk.contains(said), "{text}: {}", ran.talk);
    }
    assert_eq!(bench.run(&["access", "apply", "-f", "absent.yaml"]).code, 2);
    assert_eq!(writes(&bench), 0);
}

#[test]
fn a_change_that_fails_does_not_stop_the_others_and_decides_the_exit() {
    let bench = bench();
    let refusal = r#"{"message":"not now","requestId":"r","statusCode":400}"#.to_owned();
    bench.sim.with(|world| world.faults.push(Fault::on("UpdateUserRoles", 1, Effect::Status(400, refusal))));
    let ran = bench.run(&APPLY);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.data.contains("not now") && ran.data.matches("changed").count() == 2, "{}", ran.data);
    assert!(ran.talk.contains("1 of 3 failed"), "{}", ran.talk);
    let again = bench.run(&APPLY);
    assert_eq!(again.code, 0, "what failed is made up for: {}", again.talk);
    assert_eq!(bench.run(&APPLY).data, "nothing to change, 6 as they shall be\n");
}

/// A file that makes Ann the owner in the place of the one who is; the one who is stands first.
const SWAP: &str = "workspaces:\n  Data:\n    users:\n      boss@acme.test: WORKSPACE_MEMBER\n      old@acme.test: WORKSPACE_OWNER\n\
                    organization:\n  users:\n    boss@acme.test: ORGANIZATION_MEMBER\n    old@acme.test: ORGANIZATION_OWNER\n";

#[test]
fn an_owner_is_followed_in_one_run() {
    let bench = bench();
    bench.write("access.yaml", SWAP);
    let ran = bench.run(&APPLY);
    assert_eq!(ran.code, 0, "{} {}", ran.data, ran.talk);
    let data = bench.sim.with(|world| world.workspaces[1].id.clone());
    let [boss, old] = ["boss@acme.test", "old@acme.test"].map(|user| roles(&bench, user));
    assert_eq!((boss.workspace(&data), old.workspace(&data)), (Some("WORKSPACE_MEMBER"), Some("WORKSPACE_OWNER")));
    assert_eq!((boss.organization.as_str(), old.organization.as_str()), ("ORGANIZATION_MEMBER", ORGANIZATION_OWNER));
}

#[test]
fn an_owner_stays_when_the_next_one_fails() {
    let bench = bench();
    bench.write("access.yaml", SWAP);
    let refusal = r#"{"message":"not now","requestId":"r","statusCode":400}"#.to_owned();
    bench.sim.with(|world| world.faults.push(Fault::on("UpdateUserRoles", 1, Effect::Status(400, refusal))));
    let before = roles(&bench, "boss@acme.test");
    let ran = bench.run(&APPLY);
    assert!(ran.code == 6 && ran.data.contains("it stays an owner"), "{} {}\n{}", ran.code, ran.data, ran.talk);
    assert_eq!(roles(&bench, "boss@acme.test"), before);
    assert_eq!(bench.run(&APPLY).code, 0, "what failed is made up for");
}

#[test]
fn a_workspaces_owner_applies_what_is_in_reach() {
    let mut bench = bench();
    let token = bench.sim.with(|world| {
        let workspace_ids = vec![world.workspaces[1].id.clone()];
        world.mint_token(TokenSpec { name: "owner".into(), workspace_ids, ..TokenSpec::default() })
    });
    bench.set("ASTRO_API_TOKEN", &token);
    bench.write(
        "access.yaml",
        "workspaces:\n  Data:\n    users:\n      ann@acme.test: WORKSPACE_AUTHOR\n    tokens:\n      owner: WORKSPACE_OWNER\n",
    );
    let ran = bench.run(&APPLY);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let data = bench.sim.with(|world| world.workspaces[1].id.clone());
    assert_eq!(roles(&bench, "ann@acme.test").workspace(&data), Some("WORKSPACE_AUTHOR"));
    bench.assert_clean(&ran);
}
