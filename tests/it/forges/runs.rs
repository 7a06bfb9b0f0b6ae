//! Whole runs outside any CI system, which know the forge by the checkout's remote only.

use astro_sim::world::deployment::Deployment;
use astro_sim::world::state::World;
use liftoff::model::context::ForgeKind;

use crate::bench::Bench;
use crate::forges::rows::ROWS;
use crate::forges::stage::Row;

/// Returns where the sandbox's repository would be cloned from.
fn remote(row: &Row) -> String {
    match row.kind {
        ForgeKind::GitHub => format!("https://github.com/{}.git", row.path),
        ForgeKind::GitLab => format!("git@gitlab.com:{}.git", row.path),
        ForgeKind::Bitbucket => format!("https://bitbucket.org/{}.git", row.path),
        ForgeKind::BitbucketServer => format!("https://bitbucket.example.com/scm/{}.git", row.path),
        ForgeKind::AzureDevOps => "https://dev.azure.com/acme/data/_git/demo".to_owned(),
        ForgeKind::Gitea => format!("https://codeberg.org/{}.git", row.path),
        ForgeKind::Other => String::new(),
    }
}

fn bench(row: &Row) -> Bench {
    let mut world = World::sandbox();
    (row.prepare)(&mut world);
    if !world.deployments.iter().any(|deployment| deployment.name == "demo") {
        world = world.deployment(Deployment::named("demo"));
    }
    let mut bench = Bench::with(world);
    bench.git(&["remote", "set-url", "origin", &remote(row)]);
    let head = bench.git(&["rev-parse", "HEAD"]);
    bench.sim.with(|world| (row.graph)(world).push("change", &head, &[("dags/sales.py", "added")]));
    let api = (row.api)(&bench.sim);
    bench.set("LIFTOFF_FORGE_API_URL", &api).set("LIFTOFF_FORGE_TOKEN", row.token).set("LIFTOFF_PULL_REQUEST", "1");
    bench.set("LIFTOFF_DEPLOY_TYPE", "dags-only").set("LIFTOFF_COMMIT_STATUS", "true");
    bench.set("LIFTOFF_ALLOW_OTHER_REPOSITORY", "true");
    bench
}

#[test]
fn the_remote_tells_which_forge_and_which_repository() {
    for row in ROWS {
        let bench = bench(row);
        let ran = bench.deploy(&[]);
        assert!(!ran.talk.contains("warning"), "{:?}: {}", row.kind, ran.talk);
        let comments = bench.sim.with(|world| (row.comments)(world));
        let ours: Vec<&String> = comments.iter().map(|(_, text)| text).filter(|text| text.contains("Deployed DAG")).collect();
        assert_eq!(ours.len(), 1, "{:?}: {comments:?}", row.kind);
        let asked = |operation: &str| {
            let journal = bench.sim.journal();
            journal.iter().filter(|entry| entry.face == row.face && entry.operation == operation).count()
        };
        let told = [row.operations.create, row.operations.edit, row.operations.status].map(asked);
        assert_eq!(told, [1, 1, 2], "{:?}: {}", row.kind, ran.talk);
        assert_eq!(bench.sim.violations(), Vec::<String>::new(), "{:?}", row.kind);
    }
}

#[test]
fn every_forge_keeps_previews() {
    for row in ROWS {
        for merged in [None, Some("3333333333333333333333333333333333333333")] {
            let mut bench = bench(row);
            for name in ["LIFTOFF_DEPLOY_TYPE", "LIFTOFF_ALLOW_OTHER_REPOSITORY"] {
                bench.unset(name);
            }
            // Whoever builds an image here has not taken the base's.
            bench.set("LIFTOFF_CONTAINER_ENGINE", "/bin/false").set("LIFTOFF_DEPLOYMENT_NAME", "demo");
            let main = bench.git(&["rev-parse", "HEAD"]);
            bench.write("dags/sales.py", "from airflow.sdk import DAG\n\nwith DAG(\"sales\", tags=[\"new\"]):\n    pass\n");
            let head = bench.commit("A change");
            bench.sim.with(|world| {
                let git = [("provider", "GENERIC"), ("remoteUrl", &remote(row)), ("commitSha", &main)];
                let git = git.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
                let base = world.deployments.iter_mut().find(|deployment| deployment.name == "demo").expect("the base");
                base.deploys[0].git = Some(git);
                (row.graph)(world).push("change", &head, &[("dags/sales.py", "modified")]);
                (row.advance)(world, &head);
            });
            let previews = |bench: &Bench| {
                bench
                    .sim
                    .with(|world| world.deployments.iter().filter(|it| it.description.contains("[liftoff-preview:1 ")).count())
            };
            let sync = |bench: &Bench| {
                let ran = bench.run(&["preview", "sync"]);
                assert_eq!(ran.code, 0, "{:?} {merged:?}: {}\n{}", row.kind, ran.data, ran.talk);
                assert!(!ran.talk.contains("warning"), "{:?}: {}", row.kind, ran.talk);
                assert_eq!(bench.sim.violations(), Vec::<String>::new(), "{:?}", row.kind);
                ran
            };
            sync(&bench);
            assert_eq!(previews(&bench), 1, "{:?}", row.kind);
            bench.sim.with(|world| (row.end)(world, merged));
            let ran = sync(&bench);
            assert!(ran.data.contains("Deleted the preview demo-pr-1-"), "{:?}: {}", row.kind, ran.data);
            assert_eq!(previews(&bench), 0, "{:?}", row.kind);
            let comments = bench.sim.with(|world| (row.comments)(world));
            let ours: Vec<&String> = comments.iter().map(|(_, text)| text).filter(|text| text.contains("preview")).collect();
            assert!(ours.len() == 1 && ours[0].contains("Deleted the preview"), "{:?}: {comments:?}", row.kind);
        }
    }
}
