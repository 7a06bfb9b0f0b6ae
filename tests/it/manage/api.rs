//! `liftoff api`.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use serde_json::Value;

use crate::bench::Bench;

fn bench() -> Bench {
    Bench::with(World::new().deployment(Deployment::named("demo")).deployment(Deployment::named("other")))
}

#[test]
fn a_read_prints_json_or_what_a_filter_selects() {
    let bench = bench();
    let ran = bench.run(&["api", "get", "deployments"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let all: Value = serde_json::from_str(&ran.data).expect("JSON");
    assert_eq!(all["totalCount"], 2);
    let names = bench.run(&["api", "GET", "deployments", "--query", "names=other", "--jq", ".deployments[].name"]);
    assert_eq!((names.code, names.data.as_str()), (0, "other\n"), "{}", names.talk);
    let absolute = bench.run(&["api", "GET", "/organizations/{organization}", "--jq", ".name"]);
    assert_eq!(absolute.code, 0, "{}", absolute.talk);
    bench.assert_clean(&ran);
}

#[test]
fn pages_are_joined() {
    let world = (0..1_005).fold(World::new(), |world, number| world.deployment(Deployment::named(&format!("d{number}"))));
    let bench = Bench::with(world);
    let ran = bench.run(&["api", "GET", "deployments", "--paginate", "--jq", "[.deployments[].id] | unique | length"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, "1005\n"), "{}", ran.talk);
}

#[test]
fn a_write_is_sent_once_and_only_when_it_is_meant() {
    let bench = bench();
    let create = ["api", "POST", "workspaces", "--field", "name=New one"];
    let dry = bench.run(&[&create[..], &["--dry-run"]].concat());
    assert!(dry.code == 0 && dry.data.contains("would call POST /organizations/"), "{}{}", dry.data, dry.talk);
    let count = |bench: &Bench| bench.sim.with(|world| world.workspaces.iter().filter(|it| it.name == "New one").count());
    assert_eq!(count(&bench), 0);
    bench.sim.with(|world| world.faults.push(Fault::on("CreateWorkspace", 1, Effect::Status(503, String::new()))));
    let ran = bench.run(&create);
    assert_eq!((ran.code, count(&bench)), (9, 0), "a write that may have acted is not repeated: {}", ran.talk);
    let ran = bench.run(&[&create[..], &["--jq", ".name"]].concat());
    assert_eq!((ran.code, ran.data.as_str(), count(&bench)), (0, "New one\n", 1), "{}", ran.talk);
}

#[test]
fn wrong_calls_are_refused_before_anything_is_sent() {
    let bench = bench();
    for (arguments, said) in [
        (&["FETCH", "deployments"][..], "none of GET, POST"),
        (&["GET", "deployments?limit=1"], "--query NAME=VALUE"),
        (&["GET", "../users"], "leads nowhere"),
        (&["GET", "https://example.com/x"], "no plain path"),
        (&["POST", "workspaces", "--body", "{\"name\":"], "line 1, column 8"),
        (&["POST", "workspaces", "--body", "@absent.json"], "no such file"),
        (&["POST", "workspaces", "--paginate"], "only a GET has pages"),
        (&["GET", "deployments", "--query", "limit"], "NAME=VALUE"),
    ] {
        let ran = bench.run(&[&["api"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.talk);
        assert!(ran.talk.contains(said), "{arguments:?}: {}", ran.talk);
    }
    assert!(bench.sim.journal().is_empty());
    let ran = bench.run(&["api", "GET", "deployments/absent"]);
    assert_eq!(ran.code, 5, "{}", ran.talk);
    let ran = bench.run(&["api", "GET", "deployments", "--jq", ".["]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
}
