//! Wrong input of every kind: the documented exit code, a cause, a hint, and nothing half-deployed.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use astro_sim::world::token::{Holder, TokenSpec};

use crate::bench::{Bench, Ran};

/// Checks the form of an error and that the platform's history did not grow.
fn refused(bench: &Bench, ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}\n{}", ran.data, ran.talk);
    assert!(ran.talk.contains("error: could not "), "{}", ran.talk);
    assert!(ran.talk.contains("because: "), "{}", ran.talk);
    assert!(ran.talk.contains("hint: "), "{}", ran.talk);
    for word in words {
        assert!(ran.talk.contains(word), "`{word}` is not in: {}", ran.talk);
    }
    assert!(ran.talk.lines().count() <= 40, "more than a screen: {}", ran.talk);
    let deploys: usize = bench.sim.with(|world| world.deployments.iter().map(|deployment| deployment.deploys.len()).sum());
    assert!(deploys <= 1, "a deploy was left behind");
    bench.assert_clean(ran);
}

#[test]
fn a_token_that_cannot_work_is_named_before_any_request() {
    let mut bench = Bench::new();
    let expired = bench.sim.with(|world| {
        let past = "2020-01-01T00:00:00Z".parse().expect("a time");
        world.mint_token(TokenSpec { expires_at: Some(past), ..TokenSpec::default() })
    });
    let login = bench.sim.with(|world| world.mint_token(TokenSpec { holder: Holder::User, ..TokenSpec::default() }));
    for (token, words) in [
        (expired.as_str(), "expired"),
        (login.as_str(), "log"),
        ("eyJhbGciOiJub25lIn0.eyJicm9rZW4.x", "malformed"),
        ("\"quoted\"", "quot"),
    ] {
        bench.set("ASTRO_API_TOKEN", token);
        let ran = bench.run(&["deploy"]);
        assert_eq!(ran.code, 4, "{token}: {}", ran.talk);
        assert!(ran.talk.to_lowercase().contains(words), "{words}: {}", ran.talk);
        assert_eq!(bench.sim.journal().len(), 0, "{words}: a request was made");
    }
    bench.unset("ASTRO_API_TOKEN");
    refused(&bench, &bench.run(&["deploy"]), 4, &["ASTRO_API_TOKEN"]);
}

#[test]
fn a_deployment_must_be_named_and_be_the_only_one() {
    let mut bench = Bench::with(World::new().deployment(Deployment::named("demo")).deployment(Deployment::named("demo")));
    refused(&bench, &bench.run(&["deploy"]), 5, &["demo"]);
    bench.set("LIFTOFF_DEPLOYMENT_NAME", "dmo");
    refused(&bench, &bench.run(&["deploy"]), 5, &["dmo"]);
    bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    refused(&bench, &bench.run(&["deploy"]), 2, &["deployment-id"]);
    bench.set("LIFTOFF_DEPLOYMENT_ID", "nope");
    refused(&bench, &bench.run(&["deploy"]), 5, &["nope"]);
    refused(&bench, &bench.run(&["deploy", "--deployment-name", "other"]), 5, &["other"]);
    refused(&bench, &bench.run(&["deploy", "--deployment-name", "a", "--deployment-id", "b"]), 2, &["together"]);
    refused(&bench, &bench.run(&["deployment", "inspect", "demo", "--deployment-name", "other"]), 2, &["named twice"]);
}

#[test]
fn an_unusable_project_is_found_before_anything_is_sent() {
    type Case = (&'static str, fn(&Bench), i32, &'static str);
    let cases: [Case; 7] = [
        ("no Dockerfile", |bench| bench.remove("Dockerfile"), 3, "there is no Dockerfile"),
        ("no DAGs", |bench| bench.remove("dags/sales.py"), 6, "allow-no-dags"),
        ("no requirements", |bench| bench.remove("requirements.txt"), 3, "requirements.txt"),
        ("ignored packages", |bench| bench.write(".dockerignore", "packages.txt\n"), 3, "packages.txt"),
        ("a broken ignore file", |bench| bench.write(".dockerignore", "ok\n[\n"), 3, "line 2"),
        ("a downgrade", |bench| bench.write("Dockerfile", "FROM quay.io/astronomer/astro-runtime:12.5.0\n"), 6, "downgrade"),
        ("a link that leaves", escape, 3, "points out of the folder"),
    ];
    for (name, damage, code, words) in cases {
        let bench = Bench::new();
        damage(&bench);
        bench.commit(name);
        let ran = bench.run(&["deploy", "--deploy-type", "image-and-dags"]);
        assert_eq!(ran.code, code, "{name}: {}", ran.talk);
        refused(&bench, &ran, code, &[words]);
    }
}

fn escape(bench: &Bench) {
    std::os::unix::fs::symlink("../../../etc/passwd", bench.project().join("dags/x.py")).expect("a link");
}

#[test]
fn a_project_that_leaves_the_checkout_is_refused() {
    let mut bench = Bench::new();
    let outside = tempfile::tempdir().expect("a folder");
    for name in ["Dockerfile", "requirements.txt", "packages.txt", "dags/stolen.py"] {
        let place = outside.path().join(name);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("folders");
        let text = if name == "Dockerfile" { "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n" } else { "# airflow, dag\n" };
        std::fs::write(place, text).expect("a file");
    }
    std::os::unix::fs::symlink(outside.path(), bench.project().join("astro")).expect("a link");
    bench.commit("Add a link");
    let words = ["the folder leaves the checkout"];
    let deploy = ["deploy", "--deploy-type", "dags-only"];

    // A settings file may not lead out, wherever the run is.
    for root in ["astro".to_owned(), outside.path().display().to_string(), "../..".to_owned()] {
        bench.write("liftoff.toml", &format!("root-folder = '{root}'\n"));
        let ran = bench.run(&deploy);
        assert_eq!(ran.code, 3, "{root}: {}", ran.talk);
        if !root.starts_with('/') {
            refused(&bench, &ran, 3, &words);
        }
    }
    bench.remove("liftoff.toml");

    // In CI nobody may.
    bench.set("GITHUB_ACTIONS", "true");
    bench.set("GITHUB_WORKSPACE", &bench.project().display().to_string());
    let removal = ["dbt", "delete", "--mount-path", "/usr/local/airflow/dbt/x"];
    for (command, root) in [(&deploy[..], "astro"), (&deploy[..], "/astro"), (&removal[..], "astro")] {
        let ran = bench.run(&[command, &["--root-folder", root]].concat());
        assert_eq!(ran.code, 3, "{command:?} {root}: {}", ran.talk);
        assert!(ran.talk.contains(words[0]), "{}", ran.talk);
    }

    // Whoever starts Liftoff by hand may name any folder.
    bench.unset("GITHUB_ACTIONS");
    bench.unset("GITHUB_WORKSPACE");
    let ran = bench.run(&[&deploy[..], &["--root-folder", "astro"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.talk);
}

#[test]
fn wrong_settings_are_named_with_their_origin_and_the_nearest_name() {
    let mut bench = Bench::new();
    refused(&bench, &bench.run(&["deploy", "--root-foldr", "x"]), 2, &["--root-folder"]);
    bench.set("LIFTOFF_DEPLOYMENT_ID", "x");
    refused(&bench, &bench.run(&["deploy"]), 2, &["LIFTOFF_DEPLOYMENT_ID", "LIFTOFF_DEPLOYMENT_NAME"]);
    bench.unset("LIFTOFF_DEPLOYMENT_ID");
    bench.set("LIFTOFF_WAIT_TIME", "soon");
    refused(&bench, &bench.run(&["deploy"]), 2, &["LIFTOFF_WAIT_TIME", "soon"]);
    bench.unset("LIFTOFF_WAIT_TIME");
    bench.set("LIFTOFF_DEPLOY_TPYE", "infer");
    refused(&bench, &bench.run(&["deploy"]), 2, &["LIFTOFF_DEPLOY_TYPE"]);
    bench.unset("LIFTOFF_DEPLOY_TPYE");
    bench.write("liftoff.toml", "wait = false\nroot-foldr = \"x\"\n");
    refused(&bench, &bench.run(&["deploy"]), 2, &["liftoff.toml", "line 2", "root-folder"]);
    bench.write("liftoff.toml", "force = \n");
    refused(&bench, &bench.run(&["deploy"]), 2, &["liftoff.toml", "line 1"]);
    bench.remove("liftoff.toml");
    refused(&bench, &bench.run(&["deploy", "--root-folder", "nowhere"]), 3, &["nowhere"]);
}

#[test]
fn a_settings_file_that_is_a_link_is_read_only_when_it_is_named() {
    let bench = Bench::new();
    bench.write("other.toml", "wait = 'hunter2'\n");
    std::os::unix::fs::symlink("other.toml", bench.project().join("liftoff.toml")).expect("a link");
    let ran = bench.run(&["deploy"]);
    refused(&bench, &ran, 2, &["liftoff.toml", "it is a link", "config"]);
    assert!(!ran.talk.contains("hunter2"), "{}", ran.talk);
    refused(&bench, &bench.run(&["deploy", "--config", "liftoff.toml"]), 2, &["line 1", "hunter2"]);
}

#[test]
fn no_home_no_git_and_a_read_only_tree_are_fine() {
    let bench = Bench::new();
    std::fs::remove_dir_all(bench.project().join(".git")).expect("removed");
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    bench.assert_clean(&ran);
    assert_eq!(bench.deployed()[0], "DAG_ONLY");
}

#[test]
fn a_bare_repository_is_explained() {
    let bench = Bench::new();
    bench.git(&["config", "core.bare", "true"]);
    refused(&bench, &bench.run(&["deploy"]), 3, &["bare"]);
}

#[test]
fn no_space_and_no_temporary_folder_are_explained() {
    let mut bench = Bench::new();
    bench.set("RUNNER_TEMP", "/nowhere/at/all");
    let ran = bench.run(&["deploy", "--deploy-type", "dags-only"]);
    refused(&bench, &ran, 3, &["/nowhere/at/all"]);
}

#[test]
fn a_store_of_trust_roots_that_was_chosen_is_not_replaced() {
    let mut bench = Bench::new();
    let empty = tempfile::tempdir().expect("a folder");
    bench.set("SSL_CERT_DIR", &empty.path().display().to_string());
    let ran = bench.run(&["deploy"]);
    refused(&bench, &ran, 2, &["No CA certificates were loaded", "SSL_CERT_DIR"]);
}
