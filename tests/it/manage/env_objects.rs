//! Environment objects of Workspaces and Deployments.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::environment::EnvironmentObject;
use astro_sim::world::state::World;

use crate::bench::Bench;

fn bench() -> Bench {
    let mut bench = Bench::with(World::new().deployment(Deployment::named("one")).deployment(Deployment::named("two")));
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench.set("LIFTOFF_WORKSPACE", "Main");
    bench
}

fn ok(bench: &Bench, arguments: &[&str]) -> String {
    let ran = bench.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.talk);
    bench.assert_clean(&ran);
    assert!(!ran.data.contains("hush") && !ran.talk.contains("hush"), "a secret was shown: {}{}", ran.data, ran.talk);
    ran.data
}

fn object(bench: &Bench) -> EnvironmentObject {
    bench.sim.with(|world| world.environment.objects[0].clone())
}

const DB: [&str; 3] = ["db", "--type", "connection"];

fn on_db<'a>(verb: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["workspace", "env-object", verb], &DB[..], rest].concat()
}

fn made() -> Bench {
    let bench = bench();
    bench.write("password.txt", "hush");
    ok(
        &bench,
        &on_db("create", &["--set", "type=postgres", "--set", "host=h", "--set", "password=@password.txt", "--set", "port=5432"]),
    );
    bench
}

#[test]
fn an_update_keeps_links_exclusions_and_secrets() {
    let bench = made();
    ok(&bench, &on_db("link", &["--to", "one", "--override", "host=there"]));
    ok(&bench, &on_db("update", &["--auto-link", "ON"]));
    ok(&bench, &on_db("exclude", &["--from", "two"]));
    ok(&bench, &on_db("update", &["--set", "host=new", "--description", "the database"]));
    let now = object(&bench);
    let text = |field: &str| now.content.get(field).and_then(|value| value.as_str().map(str::to_owned));
    assert_eq!((text("host").as_deref(), text("password").as_deref()), (Some("new"), Some("hush")));
    assert_eq!((now.auto_link, now.links.len(), now.excluded.len()), (true, 1, 1));
    assert_eq!(now.links[0].overrides.get("host"), Some(&"there".into()), "another value on a Deployment stays");
    ok(&bench, &on_db("link", &["--to", "two"]));
    ok(&bench, &on_db("unlink", &["--from", "one"]));
    let now = object(&bench);
    let two = bench.sim.with(|world| world.deployments[1].id.clone());
    assert_eq!((now.links.len(), now.links[0].deployment_id == two, now.excluded.len()), (1, true, 0));
}

#[test]
fn an_update_keeps_the_type_of_authentication() {
    let bench = made();
    ok(&bench, &on_db("update", &["--set", "authTypeId=key-pair"]));
    ok(&bench, &on_db("update", &["--set", "host=new"]));
    let now = object(&bench);
    assert_eq!((now.content.get("authTypeId"), now.content.get("host")), (Some(&"key-pair".into()), Some(&"new".into())));
}

#[test]
fn values_are_never_shown_and_lists_name_the_fields_that_are_set() {
    let bench = made();
    let variable =
        ["workspace", "env-object", "create", "TOKEN", "--type", "environment-variable", "--secret", "--value", "@password.txt"];
    let dry = ok(&bench, &[&variable[..], &["--dry-run", "--json"]].concat());
    assert!(dry.contains("\"value\""), "the name of the field: {dry}");
    assert_eq!(bench.sim.with(|world| world.environment.objects.len()), 1);
    ok(&bench, &variable);
    let list = ok(&bench, &["workspace", "env-object", "list"]);
    assert!(list.contains("TOKEN") && list.contains("password"), "{list}");
    let one = ok(&bench, &["workspace", "env-object", "list", "--type", "connection"]);
    assert!(!one.contains("TOKEN"), "{one}");
    ok(&bench, &["workspace", "env-object", "update", "TOKEN", "--type", "environment-variable", "--auto-link", "ON"]);
    let kept = bench.sim.with(|world| world.environment.objects[1].content.get("value").cloned());
    assert_eq!(kept, Some("hush".into()));
    let resolved = ok(&bench, &["deployment", "env-object", "list", "--deployment", "one", "--resolve-linked"]);
    assert!(resolved.contains("TOKEN") && resolved.contains("WORKSPACE"), "{resolved}");
    assert_eq!(ok(&bench, &["deployment", "env-object", "list", "--deployment", "one"]), "no environment objects\n");
}

#[test]
fn a_deployment_has_objects_of_its_own_which_are_not_linked() {
    let bench = bench();
    let own = |verb: &'static str, rest: &[&'static str]| {
        [&["deployment", "env-object", verb, "A", "--type", "airflow-variable", "--deployment", "one"], rest].concat()
    };
    ok(&bench, &own("create", &["--value", "1"]));
    ok(&bench, &own("update", &["--value", "2"]));
    assert_eq!(object(&bench).content.get("value"), Some(&"2".into()));
    let link = bench.run(&own("link", &["--to", "two"]));
    assert!(link.code == 2 && link.talk.contains("workspace env-object"), "{}", link.talk);
    ok(&bench, &own("delete", &[]));
    assert_eq!(bench.sim.with(|world| world.environment.objects.len()), 0);
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_sent() {
    let bench = made();
    let rows = [
        (on_db("update", &["--set", "hots=h"]), 2, "did you mean `host`?"),
        (on_db("update", &["--set", "port=many"]), 2, "not a whole number"),
        (on_db("update", &[]), 2, "nothing to change"),
        (on_db("link", &["--to", "three"]), 5, "three"),
        (vec!["workspace", "env-object", "delete", "dv", "--type", "connection"], 5, "did you mean `db`?"),
    ];
    let writes = |bench: &Bench| bench.sim.journal().iter().filter(|entry| entry.method != "GET").count();
    let before = writes(&bench);
    for (arguments, code, said) in rows {
        let ran = bench.run(&arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.talk);
        assert!(ran.talk.contains(said), "{arguments:?}: {}", ran.talk);
    }
    assert_eq!(writes(&bench), before);
}
