//! `liftoff plan`: what it says, with and without a token.

use crate::bench::Bench;

#[test]
fn the_plan_names_each_file_its_artifact_and_why() {
    let bench = Bench::new();
    bench.deploy(&["--deploy-type", "dags-only"]);
    bench.write("dags/new.py", "x = 1\n");
    bench.write("include/query.sql", "select 2;\n");
    bench.write("README.md", "# Better\n");
    bench.remove("dags/sales.py");
    let head = bench.commit("Several changes");
    let plan = bench.json(&["plan"]);
    assert_eq!(plan["schema"], 1);
    assert_eq!(plan["deploy_type"], "IMAGE_AND_DAG", "{plan:#}");
    assert_eq!(plan["artifacts"]["dags"]["changed"], true);
    assert_ne!(plan["base"]["commit"], head.as_str());
    assert_eq!(plan["base"]["source"], "deployed");
    let files: Vec<String> = plan["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| format!("{} {} {} {}", file["change"], file["path"], file["artifact"], file["why"]).replace('"', ""))
        .collect();
    let expected = [
        "modified README.md null inert",
        "added dags/new.py dags under dags/",
        "removed dags/sales.py dags under dags/",
        "modified include/query.sql image in the Docker build context",
    ];
    for line in expected {
        assert!(files.iter().any(|file| file == line), "{line} is not among {files:#?}");
    }
    assert_eq!(bench.deployed().len(), 2, "a plan changes nothing");
}

#[test]
fn without_a_token_git_alone_makes_the_plan() {
    let mut bench = Bench::new();
    let base = bench.git(&["rev-parse", "HEAD"]);
    bench.unset("ASTRO_API_TOKEN");
    bench.write("include/dags/trap.sql", "select 1;\n");
    bench.commit("Not a DAG");
    let plan = bench.json(&["plan", "--base", &base]);
    assert_eq!(plan["deploy_type"], "IMAGE_ONLY", "{plan:#}");
    assert_eq!(plan["base"]["source"], "setting");
    assert_eq!(bench.sim.journal().len(), 0, "nobody was asked");

    bench.write("dags/sales.py", "# changed, not committed\n");
    assert_eq!(bench.json(&["plan", "--base", "HEAD"])["deploy_type"], "DAG_ONLY");
    bench.git(&["checkout", "-q", "--", "dags/sales.py"]);
    assert_eq!(bench.json(&["plan", "--base", "HEAD"])["deploy_type"], serde_json::Value::Null);

    let ran = bench.run(&["deploy"]);
    assert_eq!(ran.code, 4, "{}", ran.talk);
    assert!(ran.talk.contains("ASTRO_API_TOKEN"), "{}", ran.talk);
}

#[test]
fn every_spelling_of_the_root_folder_finds_the_same_project() {
    let bench = Bench::new();
    for name in ["Dockerfile", "requirements.txt", "packages.txt"] {
        bench.write(&format!("astro/{name}"), "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n");
    }
    bench.write("astro/dags/a.py", "x = 1\n");
    bench.write("astro2/dags/b.py", "x = 1\n");
    bench.commit("A project below");
    let mut prints = Vec::new();
    for spelling in ["astro", "./astro", "astro/", "/astro/", "./astro/.", "astro2/../astro"] {
        let plan = bench.json(&["plan", "--root-folder", spelling]);
        prints.push(plan["artifacts"]["dags"]["fingerprint"].to_string());
    }
    prints.dedup();
    assert_eq!(prints.len(), 1, "{prints:?}");
    assert!(prints[0].len() > 40);
}

#[test]
fn settings_keep_their_origin() {
    let mut bench = Bench::new();
    bench.set("LIFTOFF_WAIT_TIME", "3m");
    bench.write("liftoff.toml", "# settings\ndags-path = \"dags\"\n");
    let plan = bench.json(&["plan", "--force"]);
    let origin = |name: &str| plan["settings"][name]["origin"].as_str().unwrap_or_default().to_owned();
    assert_eq!(origin("force"), "flag --force");
    assert_eq!(origin("wait-time"), "LIFTOFF_WAIT_TIME");
    assert_eq!(origin("dags-path"), "liftoff.toml line 2");
    assert_eq!(origin("skip-unchanged"), "default");
    assert_eq!(plan["settings"]["api-token"]["value"], "[secret]");
}
