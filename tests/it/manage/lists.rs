//! Lists, for people and for programs.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;

use crate::bench::Bench;

fn bench() -> Bench {
    let mut bench = Bench::with(World::new().deployment(Deployment::named("demo")).deployment(Deployment::named("other")));
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    bench
}

#[test]
fn deployments_are_a_table_and_an_object() {
    let bench = bench();
    let ran = bench.run(&["deployment", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let lines: Vec<&str> = ran.data.lines().collect();
    assert!(lines[0].starts_with("NAME   ID"), "{}", ran.data);
    assert!(lines[1].starts_with("demo") && lines[1].contains("HEALTHY") && lines[2].starts_with("other"), "{}", ran.data);
    bench.assert_clean(&ran);
    let json = bench.json(&["deployment", "list"]);
    assert_eq!((&json["schema"], &json["deployments"][1]["name"]), (&1.into(), &"other".into()));
}

#[test]
fn a_workspace_limits_the_list_by_id_or_name() {
    let bench = bench();
    let workspaces = bench.json(&["workspace", "list"]);
    let (id, name) = (workspaces["workspaces"][0]["id"].as_str().expect("an id"), workspaces["workspaces"][0]["name"].as_str());
    for workspace in [id, name.expect("a name")] {
        let json = bench.json(&["deployment", "list", "--workspace", workspace]);
        assert_eq!(json["deployments"].as_array().map(Vec::len), Some(2), "{workspace}");
    }
    let ran = bench.run(&["deployment", "list", "--workspace", "absent"]);
    assert_eq!(ran.code, 5);
    assert!(ran.talk.contains("could not find the Workspace `absent`"), "{}", ran.talk);
}

#[test]
fn without_a_token_nothing_is_listed() {
    let mut bench = bench();
    bench.unset("ASTRO_API_TOKEN");
    for command in [["deployment", "list"], ["workspace", "list"]] {
        let ran = bench.run(&command);
        assert_eq!((ran.code, ran.data.as_str()), (4, ""), "{}", ran.talk);
        assert!(ran.talk.contains("ASTRO_API_TOKEN"), "{}", ran.talk);
    }
    assert_eq!(bench.run(&["deployment"]).code, 0, "the verbs are shown");
    assert_eq!(bench.run(&["deployment", "lits"]).code, 2);
}
