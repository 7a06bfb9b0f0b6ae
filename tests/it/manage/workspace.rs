//! Workspaces, and who has a role in them or on their Deployments.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::role::{ORGANIZATION_OWNER, SubjectRoles};
use astro_sim::world::state::World;

use crate::bench::Bench;

/// A Workspace `Main` with the Deployment `demo`, a Workspace `Other`, an owner, Ann, who has roles everywhere, and Bob.
fn bench() -> Bench {
    let mut world = World::new().workspace("Other").deployment(Deployment::named("demo"));
    let (main, other) = (world.workspaces[0].id.clone(), world.workspaces[1].id.clone());
    let demo = world.deployments[0].id.clone();
    world.add_user("boss@acme.test", SubjectRoles::of(ORGANIZATION_OWNER));
    let ann = SubjectRoles::of("ORGANIZATION_MEMBER")
        .in_workspace(&main, "WORKSPACE_MEMBER")
        .in_workspace(&other, "WORKSPACE_OWNER")
        .in_deployment(&demo, "DEPLOYMENT_ADMIN")
        .on_dag(&demo, "daily", "DAG_VIEWER");
    world.add_user("ann@acme.test", ann);
    world.add_user("bob@acme.test", SubjectRoles::of("ORGANIZATION_MEMBER"));
    world.add_team("Data engineers", SubjectRoles::of("ORGANIZATION_MEMBER"), &[]);
    world.add_role("Shipper", &["deployment.get", "deployment.deploys.create"]);
    let mut bench = Bench::with(world);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench.set("LIFTOFF_WORKSPACE", "Main");
    bench
}

fn roles(bench: &Bench, user: &str) -> SubjectRoles {
    bench.sim.with(|world| world.people.user_named(user).expect("the user").roles.clone())
}

fn main_workspace(bench: &Bench) -> String {
    bench.sim.with(|world| world.workspaces[0].id.clone())
}

/// How many requests changed something.
fn writes(bench: &Bench) -> usize {
    bench.sim.journal().iter().filter(|entry| entry.method != "GET").count()
}

#[test]
fn a_changed_role_leaves_every_other_role_as_it_was() {
    let bench = bench();
    let (main, before) = (main_workspace(&bench), roles(&bench, "ann@acme.test"));
    let ran = bench.run(&["workspace", "user", "update", "ann@acme.test", "--role", "WORKSPACE_AUTHOR"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.data.contains("updated"), "{}", ran.data);
    let after = roles(&bench, "ann@acme.test");
    assert_eq!(after.workspace(&main), Some("WORKSPACE_AUTHOR"));
    let mut expected = before;
    expected.workspaces[0].role = "WORKSPACE_AUTHOR".to_owned();
    assert_eq!(after, expected, "the role on a DAG and those elsewhere stay");
    let ran = bench.run(&["workspace", "user", "remove", "ANN@acme.test"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    expected.workspaces.remove(0);
    assert_eq!(roles(&bench, "ann@acme.test"), expected);
    bench.assert_clean(&ran);
}

#[test]
fn the_last_owner_of_a_workspace_stays() {
    let bench = bench();
    let at_other = |verb: &[&str]| bench.run(&[&["workspace", "user"], verb, &["--workspace", "Other"]].concat());
    for verb in [&["remove", "ann@acme.test"][..], &["update", "ann@acme.test", "--role", "WORKSPACE_MEMBER"]] {
        let ran = at_other(verb);
        assert!(ran.code == 6 && ran.talk.contains("nobody else owns the Workspace"), "{verb:?}: {} {}", ran.code, ran.talk);
    }
    assert_eq!(writes(&bench), 0);
    let ran = bench.run(&["workspace", "team", "add", "Data engineers", "--role", "WORKSPACE_OWNER", "--workspace", "Other"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    bench.write("swap.txt", "ann@acme.test WORKSPACE_MEMBER\n");
    let ran = at_other(&["update", "--file", "swap.txt"]);
    assert_eq!(ran.code, 0, "a team is an owner too: {}", ran.talk);
    let ran = bench.run(&["workspace", "team", "remove", "Data engineers", "--workspace", "Other"]);
    assert!(ran.code == 6 && ran.talk.contains("nobody else owns the Workspace"), "{} {}", ran.code, ran.talk);
}

#[test]
fn a_dry_run_writes_nothing() {
    let bench = bench();
    for (arguments, said) in [
        (&["workspace", "user", "add", "bob@acme.test", "--role", "WORKSPACE_MEMBER"][..], "would be added"),
        (&["workspace", "user", "remove", "ann@acme.test"], "would be removed"),
        (&["workspace", "create", "New"], "would make the Workspace New"),
        (&["workspace", "update", "--name", "Renamed"], "would change the Workspace Main"),
        (&["workspace", "delete", "--workspace", "Other", "--confirm", "Other"], "would delete the Workspace Other"),
    ] {
        let ran = bench.run(&[arguments, &["--dry-run"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.talk);
        assert!(ran.data.contains(said), "{arguments:?}: {}", ran.data);
    }
    assert_eq!(writes(&bench), 0);
}

#[test]
fn several_rows_of_a_file_are_each_told_and_the_worst_decides() {
    let bench = bench();
    bench.write("users.txt", "# who\nbob@acme.test WORKSPACE_AUTHOR\n\nann@acme.test\nnobody@acme.test  # gone\n");
    let arguments = ["workspace", "user", "add", "--role", "WORKSPACE_MEMBER", "--file", "users.txt"];
    let ran = bench.run(&arguments);
    assert_eq!(ran.code, 5, "{}", ran.talk);
    let lines: Vec<&str> = ran.data.lines().collect();
    assert!(lines[1].starts_with("bob@acme.test     WORKSPACE_AUTHOR  added"), "{}", ran.data);
    assert!(lines[2].ends_with("unchanged") && lines[3].contains("failed: none of the 3"), "{}", ran.data);
    assert!(ran.talk.contains("1 of 3 failed"), "{}", ran.talk);
    assert_eq!(roles(&bench, "bob@acme.test").workspace(&main_workspace(&bench)), Some("WORKSPACE_AUTHOR"));
    let json = bench.json(&arguments);
    assert_eq!((&json["failed"], &json["rows"][2]["kind"]), (&1.into(), &"not-found".into()), "{json}");
    let ran = bench.run(&["workspace", "user", "add", "bob@acme.test", "--role", "WORKSPACE_MEMBER"]);
    assert!(ran.code == 6 && ran.talk.contains("the role WORKSPACE_AUTHOR is there already"), "{}", ran.talk);
}

#[test]
fn wrong_rows_are_refused_before_anything_is_written() {
    let bench = bench();
    bench.write("users.txt", "bob@acme.test WORKSPACE_MEMBER\nann@acme.test WORKSPACE_AUTHR\n");
    for (arguments, said) in [
        (&["add", "--file", "users.txt"][..], "did you mean `WORKSPACE_AUTHOR`?"),
        (&["add", "bob@acme.test", "--role", "DEPLOYMENT_ADMIN"], "no such role"),
        (&["add", "bob@acme.test"], "no role is given"),
        (&["add", "--role", "WORKSPACE_MEMBER"], "nobody is named"),
        (&["add", "bob@acme.test", "BOB@acme.test", "--role", "WORKSPACE_MEMBER"], "named twice"),
        (&["add", "--file", "absent.txt"], "no such file"),
    ] {
        let ran = bench.run(&[&["workspace", "user"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.talk);
        assert!(ran.talk.contains(said), "{arguments:?}: {}", ran.talk);
    }
    let ran = bench.run(&["workspace", "user", "update", "bob@acme.test", "--role", "WORKSPACE_MEMBER"]);
    assert!(ran.code == 5 && ran.talk.contains("no role here yet"), "{}", ran.talk);
    assert_eq!(writes(&bench), 0);
}

#[test]
fn lists_show_the_role_that_counts_there() {
    let bench = bench();
    let ran = bench.run(&["workspace", "user", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.data.contains("ann@acme.test") && ran.data.contains("WORKSPACE_MEMBER"), "{}", ran.data);
    assert!(!ran.data.contains("bob@acme.test"), "{}", ran.data);
    let json = bench.json(&["deployment", "user", "list", "--deployment", "demo"]);
    assert_eq!(json["users"][0]["role"], "DEPLOYMENT_ADMIN");
}

#[test]
fn teams_get_roles_in_workspaces_and_on_deployments() {
    let bench = bench();
    let ran = bench.run(&["workspace", "team", "add", "Data engineers", "--role", "WORKSPACE_OPERATOR"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let ran = bench.run(&["deployment", "team", "add", "--deployment", "demo", "Data engineers", "--role", "Shipper"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let held = bench.sim.with(|world| world.people.teams[0].roles.clone());
    let demo = bench.sim.with(|world| world.deployments[0].id.clone());
    assert_eq!((held.workspace(&main_workspace(&bench)), held.deployment(&demo)), (Some("WORKSPACE_OPERATOR"), Some("Shipper")));
    let json = bench.json(&["workspace", "team", "list"]);
    assert_eq!(json["teams"][0]["role"], "WORKSPACE_OPERATOR");
    let ran = bench.run(&["deployment", "team", "remove", "--deployment", "demo", "Data engineers"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(bench.sim.with(|world| world.people.teams[0].roles.deployment(&demo).map(str::to_owned)), None);
    let ran = bench.run(&["deployment", "user", "add", "--deployment", "demo", "bob@acme.test", "--role", "Shiper"]);
    assert!(ran.code == 2 && ran.talk.contains("did you mean `Shipper`?"), "{}", ran.talk);
}

#[test]
fn renaming_a_workspace_keeps_its_enforcement() {
    let bench = bench();
    bench.sim.with(|world| {
        world.workspaces[0].cicd_enforced_default = true;
        world.workspaces[0].description = "kept".to_owned();
    });
    let ran = bench.run(&["workspace", "update", "--name", "Renamed"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let now = bench.sim.with(|world| world.workspaces[0].clone());
    assert_eq!((now.name.as_str(), now.description.as_str(), now.cicd_enforced_default), ("Renamed", "kept", true));
    let other = bench.sim.with(|world| world.workspaces[1].name.clone());
    let ran = bench.run(&["workspace", "update", "--workspace", "Renamed", "--name", &other]);
    assert!(ran.code == 6 && ran.talk.contains("has this name already"), "{}", ran.talk);
    let ran = bench.run(&["workspace", "update", "--workspace", "Renamed", "--enforce-ci-cd", "OFF"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(!bench.sim.with(|world| world.workspaces[0].cicd_enforced_default));
    bench.assert_clean(&ran);
}

#[test]
fn a_workspace_is_made_once_and_deleted_when_it_is_empty_and_meant() {
    let bench = bench();
    let create = ["workspace", "create", "New", "--description", "d", "--enforce-ci-cd", "on"];
    let ran = bench.run(&create);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let made = bench.sim.with(|world| world.workspaces[2].clone());
    assert_eq!((made.name.as_str(), made.cicd_enforced_default), ("New", true));
    let again = bench.run(&create);
    assert!(again.code == 6 && again.talk.contains(&made.id), "{}", again.talk);
    let full = bench.run(&["workspace", "delete", "--confirm", "Main"]);
    assert!(full.code == 6 && full.talk.contains("1 Deployments: demo"), "{}", full.talk);
    let unsure = bench.run(&["workspace", "delete", "--workspace", "New", "--confirm", "Main"]);
    assert!(unsure.code == 6 && unsure.talk.contains("not its name"), "{}", unsure.talk);
    assert_eq!(bench.sim.with(|world| world.workspaces.len()), 3);
    let ran = bench.run(&["workspace", "delete", "--workspace", "New", "--confirm", "New"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(bench.sim.with(|world| world.workspaces.len()), 2);
    bench.assert_clean(&ran);
}

#[test]
fn a_role_that_did_not_stay_is_not_called_done() {
    let bench = bench();
    let told = r#"{"organizationRole":"ORGANIZATION_MEMBER"}"#.to_owned();
    let lost = astro_sim::faults::Effect::Status(200, told);
    bench.sim.with(|world| world.faults.push(astro_sim::faults::Fault::on("UpdateUserRoles", 1, lost)));
    let ran = bench.run(&["workspace", "user", "add", "bob@acme.test", "--role", "WORKSPACE_MEMBER"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("is not what was written"), "{}", ran.talk);
}
