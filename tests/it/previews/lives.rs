//! Whole lives: what each event of a pull request leaves behind.

use astro_sim::faults::{Effect, Fault};

use crate::previews::life::{Life, deployed};

#[test]
fn a_pull_request_has_a_preview_from_its_first_push_to_its_end() {
    let mut life = Life::new();
    life.bench.set("CI_API_KEY", "for-previews");
    let ran = life.preview(&["sync", "--preview-secrets", "API_KEY=CI_API_KEY,EMPTY"]);
    let preview = life.only();
    assert_eq!(deployed(&preview), ["IMAGE_AND_DAG"], "{}", ran.talk);
    assert!(preview.name.starts_with("demo-pr-1-change-"), "{}", preview.name);
    assert!(preview.is_development_mode && preview.is_cicd_enforced);
    assert_eq!(preview.settings["schedulerSize"], "SMALL");
    let variable = |key: &str| {
        let found = preview.environment_variables.iter().find(|variable| variable.key == key);
        found.map(|variable| (variable.value.as_str(), variable.is_secret))
    };
    assert_eq!(variable("STAGE"), Some(("production", false)));
    assert_eq!(variable("API_KEY"), Some(("for-previews", true)));
    assert_eq!([variable("DB_PASSWORD"), variable("EMPTY")], [None, None], "nobody has their values");
    assert!(!ran.talk.contains("for-previews") || ran.talk.contains("::add-mask::for-previews"), "{}", ran.talk);
    // Nothing was built, and the image is the base's.
    assert!(ran.talk.contains("mounted") && !ran.talk.contains("build the image"), "{}", ran.talk);
    let comments = life.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    for words in ["✅ Deployed image and DAGs to demo-pr-1-change-", "expires at", "<code>DB&#95;PASSWORD</code>", "hibernates"]
    {
        assert!(comments[0].contains(words), "{words}: {}", comments[0]);
    }
    let outputs = life.file("output");
    assert!(outputs.contains(&preview.id) && outputs.contains(&preview.name), "{outputs}");

    // Another push: the same Deployment, only the DAGs.
    let first = life.bench.git(&["rev-parse", "HEAD"]);
    life.push("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\", tags=[\"newer\"]):\n    pass\n");
    life.preview(&["sync"]);
    assert_eq!((life.only().id.clone(), deployed(&life.only())), (preview.id.clone(), vec!["IMAGE_AND_DAG", "DAG_ONLY"]));
    // The same event again: nothing.
    let again = life.preview(&["sync"]);
    assert!(again.talk.contains("nothing to ship"), "{}", again.talk);
    // A force push back to the first commit is what the pull request is now.
    life.bench.git(&["reset", "-q", "--hard", &first]);
    life.is_pushed(&first);
    life.preview(&["sync"]);
    assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG", "DAG_ONLY", "DAG_ONLY"]);

    life.turns("closed");
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("Deleted the preview demo-pr-1-change-") && ran.data.contains("was closed"), "{}", ran.data);
    assert_eq!(life.previews().len(), 0);
    assert!(life.comments()[0].contains("Deleted the preview"), "{:?}", life.comments());
    let again = life.preview(&["sync"]);
    assert!(again.data.contains("there was none"), "deleting twice is no failure: {}", again.data);

    life.turns("reopened");
    life.preview(&["sync"]);
    assert_eq!(deployed(&life.only()), ["IMAGE_AND_DAG"]);
    life.turns("merged");
    life.preview(&["sync"]);
    assert_eq!((life.previews().len(), life.comments().len()), (0, 1), "one comment tells it all");
    let names: Vec<String> = life.bench.sim.with(|world| world.deployments.iter().map(|it| it.name.clone()).collect());
    assert_eq!(names, ["demo"], "what is not marked stays");
}

#[test]
fn the_forge_counts_and_not_the_event() {
    let life = Life::new();
    // The event says open; by now it is merged.
    life.pull("closed", true);
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("was merged"), "{}", ran.data);
    assert_eq!((life.previews().len(), life.asked("CreateDeployment")), (0, 0));
    // An older run must not deploy what the pull request no longer is.
    life.pull("open", false);
    let old = life.bench.git(&["rev-parse", "HEAD"]);
    life.push("dags/new.py", "x = 1\n");
    life.event("synchronize", &old);
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("which another run serves"), "{}", ran.data);
    assert_eq!((life.previews().len(), life.comments().len()), (0, 0));
}

#[test]
fn a_pull_request_that_closes_while_its_run_deploys_leaves_nothing() {
    for operation in ["CreateDeployment", "PutBlob", "PutManifest"] {
        let life = Life::new();
        life.bench.sim.with(|world| world.faults.push(Fault::on(operation, 1, Effect::Gate("here".into()))));
        let ran = life.while_at("here", &["preview", "sync"], || life.pull("closed", false));
        assert_eq!(ran.code, 0, "{operation}: {}", ran.talk);
        assert_eq!(life.previews().len(), 0, "{operation}: {}\n{}", ran.data, ran.talk);
        assert!(ran.data.contains("Deleted the preview") && ran.data.contains("was closed"), "{operation}: {}", ran.data);
        life.bench.assert_clean(&ran);
        // The run of the event finds nothing left to do.
        life.turns("closed");
        life.preview(&["sync"]);
    }
}

#[test]
fn a_preview_that_was_renamed_by_hand_is_still_ours_and_a_namesake_is_not() {
    let life = Life::new();
    life.preview(&["sync"]);
    let id = life.only().id;
    life.bench.sim.with(|world| {
        let preview = world.find_deployment_mut(&id).expect("the preview");
        preview.name = "ours".into();
        let namesake = astro_sim::world::deployment::Deployment::named("ours");
        world.add_deployment(namesake);
    });
    life.push("dags/sales.py", "x = 1\n");
    life.preview(&["sync"]);
    assert_eq!((life.only().id.clone(), deployed(&life.only()).len()), (id, 2));
    life.turns("closed");
    life.preview(&["sync"]);
    let left: Vec<String> = life.bench.sim.with(|world| world.deployments.iter().map(|it| it.name.clone()).collect());
    assert_eq!(left, ["demo", "ours"]);
}

#[test]
fn a_pull_request_that_is_retargeted_moves_to_the_other_base() {
    let life = Life::new();
    life.bench.sim.with(|world| {
        let git = world.deployments[0].deploys[0].git.clone();
        let id = world.add_deployment(astro_sim::world::deployment::Deployment::named("staging"));
        world.add_history(&id, astro_sim::world::builder::History { git, ..Default::default() });
    });
    let mut life = life;
    life.bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    let map = "[branch.\"main\"]\ndeployment-name = \"demo\"\n[branch.\"next\"]\ndeployment-name = \"staging\"\n";
    life.push("liftoff.toml", map);
    life.preview(&["sync"]);
    assert!(life.only().name.starts_with("demo-pr-1"));
    life.bench.sim.with(|world| world.github.repositories[0].pulls[0].base_ref = "next".into());
    // The run of the old event sees that it is outdated; that of the new one moves the preview.
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("would merge into next by now"), "{}", ran.data);
    let head = life.bench.git(&["rev-parse", "HEAD"]);
    life.event("edited", &head);
    life.bench.set("GITHUB_BASE_REF", "next");
    life.preview(&["sync"]);
    assert!(life.only().name.starts_with("staging-pr-1"), "{}", life.only().name);
}

#[test]
fn a_fork_without_secrets_gets_a_plan_and_a_green_job() {
    let mut life = Life::new();
    life.bench.unset("ASTRO_API_TOKEN");
    life.bench.sim.with(|world| world.github.repositories[0].pulls[0].fork = Some("eve/demo".into()));
    let head = life.bench.git(&["rev-parse", "HEAD"]);
    life.event_of_fork(&head);
    let ran = life.preview(&["sync"]);
    assert!(ran.talk.contains("no secrets") || ran.talk.contains("show only"), "{}", ran.talk);
    assert_eq!((life.previews().len(), life.asked("CreateDeployment")), (0, 0));
    assert!(life.comments().iter().all(|comment| comment.contains("no credentials here")), "{:?}", life.comments());
    life.turns("closed");
    life.event_of_fork(&head);
    let ran = life.preview(&["sync"]);
    assert!(ran.data.contains("was closed"), "{}", ran.data);
}

#[test]
fn dependabot_without_secrets_gets_a_plan_and_a_green_job() {
    let mut life = Life::new();
    life.bench.unset("ASTRO_API_TOKEN").set("GITHUB_ACTOR", "dependabot[bot]");
    let head = life.bench.git(&["rev-parse", "HEAD"]);
    life.event_of_dependabot(&head);
    let ran = life.preview(&["sync"]);
    assert!(ran.talk.contains("Dependabot's pull requests get no deploy secrets"), "{}", ran.talk);
    assert_eq!(life.previews().len(), 0);
    // Nobody excuses a missing token of the repository's own.
    life.bench.set("GITHUB_ACTOR", "ada");
    life.event("opened", &head);
    assert_eq!(life.bench.run(&["preview", "sync"]).code, 4);
}

#[test]
fn a_preview_is_found_on_whatever_page_it_stands() {
    let life = Life::new();
    life.bench.sim.with(|world| {
        for number in 0..1_050 {
            world.add_deployment(astro_sim::world::deployment::Deployment::named(&format!("other-{number}")));
        }
    });
    life.preview(&["sync"]);
    let id = life.only().id;
    life.push("dags/sales.py", "x = 1\n");
    life.preview(&["sync"]);
    assert_eq!((life.only().id, life.asked("CreateDeployment")), (id, 1));
}

#[test]
fn deploy_actions_words_give_each_branch_a_preview_of_its_name() {
    let mut life = Life::new();
    life.bench.set("GITHUB_EVENT_NAME", "create").set("GITHUB_REF", "refs/heads/change");
    std::fs::write(life.path("event.json"), r#"{"ref": "change", "ref_type": "branch"}"#).expect("an event");
    life.bench.set("INPUT_PREVIEW-NAME-STYLE", "deploy-action");
    let step = |life: &Life, action: &str| {
        let ran = life.bench.run(&["deploy", "--action", action]);
        assert_eq!(ran.code, 0, "{action}: {}\n{}", ran.data, ran.talk);
        life.bench.assert_clean(&ran);
        ran
    };
    step(&life, "create-deployment-preview");
    let preview = life.only();
    assert_eq!((preview.name.as_str(), deployed(&preview).len()), ("change_demo", 1));
    assert!(life.file("output").contains(&preview.id));
    step(&life, "create-deployment-preview");
    assert_eq!(life.only().id, preview.id, "creating twice is no failure");
    // Deploys come with the pull request's events.
    life.bench.set("GITHUB_EVENT_NAME", "pull_request").set("GITHUB_REF", "refs/pull/1/merge");
    life.push("dags/sales.py", "x = 1\n");
    step(&life, "deploy-deployment-preview");
    assert_eq!((life.only().id.clone(), deployed(&life.only()).len()), (preview.id, 2));
    life.bench.set("GITHUB_EVENT_NAME", "delete").set("GITHUB_REF", "refs/heads/main");
    std::fs::write(life.path("event.json"), r#"{"ref": "change", "ref_type": "branch"}"#).expect("an event");
    step(&life, "delete-deployment-preview");
    step(&life, "delete-deployment-preview");
    assert_eq!(life.previews().len(), 0);
}

#[test]
fn a_dry_run_changes_and_tells_nothing() {
    let life = Life::new();
    let ran = life.preview(&["sync", "--dry-run"]);
    for words in ["create the preview", "take the base Deployment's image", "copy connections, variables and pools"] {
        assert!(ran.data.contains(words), "{words}: {}", ran.data);
    }
    assert_eq!((life.previews().len(), life.comments().len()), (0, 0));
    life.preview(&["up"]);
    life.turns("closed");
    let ran = life.preview(&["sync", "--dry-run"]);
    assert!(ran.data.contains("Would delete the preview"), "{}", ran.data);
    assert_eq!(life.previews().len(), 1);
}

#[test]
fn the_end_needs_no_checkout_and_takes_every_project_along() {
    let mut life = Life::new();
    life.preview(&["up"]);
    life.bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    life.bench.sim.with(|world| {
        let mut other = world.deployments.last().expect("the preview").clone();
        other.description = other.description.replace(" pr=1 ", " project=eu pr=1 ");
        (other.id, other.name) = (String::new(), "of-another-project".into());
        world.add_deployment(other);
    });
    assert_eq!(life.previews().len(), 2);
    life.turns("merged");
    let empty = tempfile::tempdir().expect("a folder");
    life.bench.set("GITHUB_WORKSPACE", &empty.path().display().to_string());
    let ran = life.bench.run_in(empty.path(), &["preview", "sync"]);
    assert_eq!((ran.code, life.previews().len()), (0, 0), "{}\n{}", ran.data, ran.talk);
    life.bench.assert_clean(&ran);
}

#[test]
fn a_push_pipeline_finds_its_merge_request_before_and_after_the_merge() {
    let mut life = Life::new();
    for name in ["GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REF", "GITHUB_HEAD_REF", "GITHUB_BASE_REF"] {
        life.bench.unset(name);
    }
    // A CI system that knows no pull requests, with the forge named by hand.
    let api = life.bench.sim.github_api_url();
    life.bench.set("LIFTOFF_FORGE", "github").set("LIFTOFF_FORGE_API_URL", &api);
    life.preview(&["sync"]);
    assert!(life.only().name.starts_with("demo-pr-1-change-"), "{}", life.only().name);
    life.pull("closed", true);
    life.preview(&["sync"]);
    assert_eq!(life.previews().len(), 0);
    let ran = life.preview(&["sync", "--commit", astro_sim::world::builder::SANDBOX_COMMIT]);
    assert!(ran.data.contains("belongs to no pull request"), "{}", ran.data);
}

#[test]
fn the_forges_environment_comes_and_goes_with_the_preview() {
    let life = Life::new();
    let environments = || {
        life.bench.sim.with(|world| {
            let deployments = &world.github.repositories[0].deployments;
            deployments.iter().map(|it| format!("{} {}", it.environment, it.state())).collect::<Vec<_>>()
        })
    };
    life.preview(&["sync", "--forge-deployment"]);
    let name = life.only().name;
    assert_eq!(environments(), [format!("{name} success")]);
    life.turns("closed");
    life.preview(&["sync", "--forge-deployment"]);
    assert_eq!(environments(), [format!("{name} inactive")]);
}

#[test]
fn the_actions_word_chooses_by_the_event() {
    let mut life = Life::new();
    life.preview(&["sync"]);
    life.bench.set("INPUT_ACTION", "preview");
    let step = |life: &Life| {
        let ran = life.bench.run(&["deploy"]);
        assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
        life.bench.assert_clean(&ran);
        ran.data
    };
    assert!(step(&life).contains("Preview"), "a pull request is kept in sync");
    // A deleted branch has no preview of its own; that of its pull request ends with the pull request.
    life.bench.set("GITHUB_EVENT_NAME", "delete").set("GITHUB_REF", "refs/heads/main");
    std::fs::write(life.path("event.json"), r#"{"ref": "change", "ref_type": "branch"}"#).expect("an event");
    assert!(step(&life).contains("No preview: branch change was deleted"));
    life.pull("closed", false);
    life.bench.set("GITHUB_EVENT_NAME", "schedule");
    std::fs::write(life.path("event.json"), r#"{"schedule": "17 4 * * *"}"#).expect("an event");
    assert!(step(&life).ends_with("1 preview, 1 deleted\n"));
    assert_eq!(life.previews().len(), 0);
}

#[test]
fn a_token_that_may_not_create_deployments_is_told_what_it_takes() {
    let mut life = Life::new();
    let token = life.bench.sim.with(|world| {
        let deployment_ids = vec![world.deployments[0].id.clone()];
        world.mint_token(astro_sim::world::token::TokenSpec { deployment_ids, ..Default::default() })
    });
    life.bench.set("ASTRO_API_TOKEN", &token);
    let ran = life.bench.run(&["preview", "sync"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("Workspace Operator"), "{}", ran.talk);
}
