//! The Organization: users, teams, roles, address ranges, clusters.

use astro_sim::world::network::Cluster;
use astro_sim::world::role::{ORGANIZATION_OWNER, SubjectRoles};
use astro_sim::world::state::World;

use crate::bench::Bench;

fn bench() -> Bench {
    let mut world = World::new();
    world.add_user("boss@acme.test", SubjectRoles::of(ORGANIZATION_OWNER));
    world.add_user("ann@acme.test", SubjectRoles::of("ORGANIZATION_MEMBER"));
    world.add_cluster(Cluster::named("west"));
    let mut bench = Bench::with(world);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench
}

fn ok(bench: &Bench, arguments: &[&str]) -> String {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.talk);
    bench.assert_clean(&ran);
    ran.data
}

fn refused(bench: &Bench, arguments: &[&str], code: i32, said: &str) {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {}", ran.talk);
    assert!(ran.talk.contains(said), "{arguments:?}: {}", ran.talk);
}

#[test]
fn people_are_invited_once_from_the_command_line_or_a_file() {
    let bench = bench();
    bench.write("users.txt", "new@acme.test\nANN@acme.test\nlead@acme.test ORGANIZATION_BILLING_ADMIN\nnew@acme.test\n");
    let invite = ["organization", "user", "invite", "--file", "users.txt"];
    let dry = ok(&bench, &[&invite[..], &["--dry-run"]].concat());
    assert!(dry.contains("would be invited"), "{dry}");
    assert_eq!(bench.sim.with(|world| world.people.users.len()), 2);
    let told = ok(&bench, &invite);
    assert!(told.contains("invited, until ") && told.contains("skipped: there already"), "{told}");
    assert!(told.contains("skipped: named before"), "{told}");
    let invited =
        |email: &str| bench.sim.with(|world| world.people.user_named(email).map(|user| user.roles.organization.clone()));
    assert_eq!(invited("new@acme.test").as_deref(), Some("ORGANIZATION_MEMBER"));
    assert_eq!(invited("lead@acme.test").as_deref(), Some("ORGANIZATION_BILLING_ADMIN"));
    let again = ok(&bench, &invite);
    assert!(again.contains("skipped: invited already"), "{again}");
    let list = ok(&bench, &["organization", "user", "list"]);
    assert!(list.contains("PENDING") && list.contains("ACTIVE"), "{list}");
    refused(&bench, &["organization", "user", "invite", "nonsense"], 2, "no e-mail address");
    refused(&bench, &["organization", "user", "invite", "x@y.z", "--role", "ORGANIZATION_OWNR"], 2, "ORGANIZATION_OWNER");
}

#[test]
fn an_invitation_that_fails_does_not_stop_the_others() {
    let bench = bench();
    let broken = astro_sim::faults::Effect::Status(400, r#"{"message":"no seats","requestId":"r","statusCode":400}"#.to_owned());
    bench.sim.with(|world| world.faults.push(astro_sim::faults::Fault::on("CreateUserInvite", 1, broken)));
    let ran = bench.run(&["organization", "user", "invite", "one@acme.test", "two@acme.test"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.data.contains("no seats") && ran.data.contains("invited, until"), "{}", ran.data);
    assert!(bench.sim.with(|world| world.people.user_named("two@acme.test").is_some()));
}

#[test]
fn the_last_owner_is_kept() {
    let bench = bench();
    let demote = ["organization", "user", "update", "boss@acme.test", "--role", "ORGANIZATION_MEMBER"];
    refused(&bench, &demote, 6, "nobody else owns the Organization");
    let wrote = |bench: &Bench| bench.sim.journal().iter().any(|entry| entry.operation == "UpdateUserRoles");
    assert!(!wrote(&bench), "it is not even tried");
    ok(&bench, &["organization", "user", "update", "ann@acme.test", "--role", ORGANIZATION_OWNER]);
    ok(&bench, &demote);
}

#[test]
fn teams_are_made_filled_changed_and_deleted() {
    let bench = bench();
    ok(&bench, &["organization", "team", "create", "Data", "--description", "d", "--member", "ann@acme.test"]);
    refused(&bench, &["organization", "team", "create", "Data"], 6, "has this name");
    let team = || bench.sim.with(|world| world.people.team_named("Data").expect("the team").clone());
    assert_eq!((team().members.len(), team().description.as_str()), (1, "d"));
    let added = ok(&bench, &["organization", "team", "user", "add", "--team", "Data", "boss@acme.test", "ann@acme.test"]);
    assert!(added.contains("added") && added.contains("unchanged"), "{added}");
    assert_eq!(team().members.len(), 2);
    let members = ok(&bench, &["organization", "team", "user", "list", "--team", "Data"]);
    assert!(members.contains("boss@acme.test"), "{members}");
    ok(&bench, &["organization", "team", "user", "remove", "--team", "Data", "boss@acme.test"]);
    ok(&bench, &["organization", "team", "update", "Data", "--role", "ORGANIZATION_BILLING_ADMIN"]);
    assert_eq!((team().roles.organization.as_str(), team().description.as_str()), ("ORGANIZATION_BILLING_ADMIN", "d"));
    ok(&bench, &["organization", "team", "update", "Data", "--description", "e"]);
    assert_eq!((team().name.as_str(), team().description.as_str()), ("Data", "e"));
    let shown = bench.json(&["organization", "team", "inspect", "Data"]);
    assert_eq!(shown["members"][0]["username"], "ann@acme.test");
    refused(&bench, &["organization", "team", "delete", "Data", "--confirm", "Else"], 6, "not its name");
    ok(&bench, &["organization", "team", "delete", "Data", "--confirm", "Data"]);
    assert_eq!(ok(&bench, &["organization", "team", "list"]), "no teams\n");
}

#[test]
fn an_identity_providers_team_keeps_its_members() {
    let bench = bench();
    bench.sim.with(|world| {
        world.add_team("Directory", SubjectRoles::of("ORGANIZATION_MEMBER"), &[]);
        world.people.teams[0].is_idp_managed = true;
    });
    let add = ["organization", "team", "user", "add", "--team", "Directory", "ann@acme.test"];
    refused(&bench, &add, 6, "identity provider");
    assert!(bench.sim.journal().iter().all(|entry| entry.method == "GET"));
}

#[test]
fn roles_are_made_shown_changed_and_deleted() {
    let bench = bench();
    let permission = ["--permission", "deployment.get"];
    ok(&bench, &[&["organization", "role", "create", "Shipper", "--restrict-to", "Main"][..], &permission].concat());
    ok(&bench, &["organization", "role", "update", "Shipper", "--description", "ships"]);
    let shown = bench.json(&["organization", "role", "inspect", "Shipper"]);
    assert_eq!((&shown["permissions"][0], &shown["description"]), (&"deployment.get".into(), &"ships".into()));
    assert_eq!(shown["restrictedWorkspaceIds"].as_array().map(Vec::len), Some(1), "what is not named stays: {shown}");
    let own = ok(&bench, &["organization", "role", "list"]);
    assert!(own.contains("Shipper") && !own.contains("WORKSPACE_OWNER"), "{own}");
    let all = ok(&bench, &["organization", "role", "list", "--include-default-roles"]);
    assert!(all.contains("Shipper") && all.contains("WORKSPACE_OWNER"), "{all}");
    refused(&bench, &["organization", "role", "create", "Odd", "--permission", "deployment.fly"], 6, "deployment.fly");
    ok(&bench, &["organization", "role", "delete", "Shipper", "--confirm", "Shipper"]);
    assert_eq!(ok(&bench, &["organization", "role", "list"]), "no roles\n");
}

#[test]
fn address_ranges_are_added_and_removed_and_the_last_one_only_when_it_is_meant() {
    let bench = bench();
    let range = |verb: &'static str, rest: &[&'static str]| [&["organization", "ip-range", verb], rest].concat();
    ok(&bench, &range("add", &["10.0.0.0/8", "192.168.0.0/16"]));
    let again = ok(&bench, &range("add", &["10.0.0.0/8"]));
    assert!(again.contains("there already"), "{again}");
    refused(&bench, &range("add", &["11.0.0.0/8", "nonsense"]), 6, "nonsense");
    assert_eq!(bench.sim.with(|world| world.ip_ranges.len()), 2, "all or none");
    refused(&bench, &range("remove", &["12.0.0.0/8"]), 5, "not among");
    ok(&bench, &range("remove", &["10.0.0.0/8"]));
    refused(&bench, &range("remove", &["192.168.0.0/16"]), 6, "--allow-all");
    ok(&bench, &range("remove", &["192.168.0.0/16", "--allow-all"]));
    assert_eq!(ok(&bench, &range("list", &[])), "no ip ranges\n");
}

#[test]
fn the_organization_is_shown_and_changed_without_losing_the_rest() {
    let bench = bench();
    bench.sim.with(|world| {
        world.organizations[0].billing_email = "bills@acme.test".to_owned();
        world.organizations[0].is_scim_enabled = true;
    });
    let list = ok(&bench, &["organization", "list"]);
    assert!(list.contains("Sandbox"), "{list}");
    ok(&bench, &["organization", "update", "--name", "Acme"]);
    let now = bench.sim.with(|world| world.organizations[0].clone());
    assert_eq!((now.name.as_str(), now.billing_email.as_str(), now.is_scim_enabled), ("Acme", "bills@acme.test", true));
    refused(&bench, &["organization", "update"], 2, "nothing to change");
    assert_eq!(bench.json(&["organization", "inspect"])["name"], "Acme");
    let clusters = ok(&bench, &["organization", "cluster", "list"]);
    assert!(clusters.contains("west") && clusters.contains("AWS"), "{clusters}");
}
