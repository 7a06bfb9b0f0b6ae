//! Whole runs of the program with real engines and a real registry, against the simulated platform.
//! `tests/real/run` starts what they need.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

#[path = "../it/bench.rs"]
#[expect(dead_code, reason = "the scenes need a part of it")]
mod bench;
mod blob;
mod components;
mod ignore_rules;
mod scene;
mod shipped;

use std::collections::BTreeMap;

use astro_sim::world::deployment::Deployment;

use bench::Bench;
use components::{RUNTIME, RUNTIME_LABEL, RealEngine, variable};
use scene::{Registry, Scene, example, take_project, text};
use shipped::Shipped;

/// What the example's image holds when DAGs ship on their own: not what its `.dockerignore` leaves out.
const IMAGE_FILES: [&str; 8] = [
    ".dockerignore",
    ".gitignore",
    "Dockerfile",
    "include/__init__.py",
    "include/readings.py",
    "packages.txt",
    "plugins/.gitkeep",
    "requirements.txt",
];
const DAG_FILES: [&str; 3] = ["dags/.airflowignore", "dags/hourly_weather.py", "dags/orders.py"];

fn demo() -> Deployment {
    Deployment::named("demo")
}

/// Asserts that an image is what Astro runs and holds exactly these files, as they are in the project.
fn assert_image(image: &Shipped, bench: &Bench, files: &[&str]) {
    assert_eq!(image.platform, "linux/amd64");
    assert_eq!(image.labels.get(RUNTIME_LABEL).map(String::as_str), Some(RUNTIME));
    let wanted: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|path| ((*path).to_owned(), std::fs::read(bench.project().join(path)).expect("a file of the project")))
        .collect();
    let found: BTreeMap<_, _> = image.files.iter().filter(|(path, _)| !path.ends_with('/')).collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>().iter().collect::<Vec<_>>());
    assert!(found.into_iter().eq(wanted.iter()), "a file of the image is not as it is in the project");
}

fn running_image(bench: &Bench) -> Shipped {
    bench.sim.with(|world| Shipped::in_simulator(world))
}

#[test]
fn each_change_ships_what_it_changed_and_nothing_else() {
    let steps: [(&str, &[&str], Option<&str>); 8] = [
        ("the first deploy", &[], Some("IMAGE_AND_DAG")),
        ("no change", &[], None),
        ("a DAG", &["dags/orders.py"], Some("DAG_ONLY")),
        ("an included module", &["include/readings.py"], Some("IMAGE_ONLY")),
        ("a DAG and a requirement", &["dags/hourly_weather.py", "requirements.txt"], Some("IMAGE_AND_DAG")),
        ("documentation", &["README.md"], None),
        ("a test that the image does not hold", &["tests/test_readings.py"], None),
        ("a change that is taken back", &[], None),
    ];
    let mut scene = Scene::new(demo(), &Registry::Simulated, |_| RealEngine::docker());
    for (what, changed, expected) in steps {
        for path in changed {
            let old = std::fs::read_to_string(scene.bench.project().join(path)).expect("a file of the example");
            scene.bench.write(path, &format!("{old}\n# Changed.\n"));
        }
        scene.bench.commit(what);
        // Where no image is needed, no engine may be needed either.
        let builds = expected.is_some_and(|kind| kind.contains("IMAGE"));
        scene.bench.set("LIFTOFF_CONTAINER_ENGINE", if builds { "docker" } else { "/nowhere/docker" });
        assert_eq!(scene.deploy(&[]).as_deref(), expected, "{what}");
        assert_image(&running_image(&scene.bench), &scene.bench, &IMAGE_FILES);
        assert_eq!(scene.bench.dag_files(), DAG_FILES, "{what}");
    }
    assert_eq!(scene.bench.deployed(), ["IMAGE_AND_DAG", "IMAGE_ONLY", "DAG_ONLY", "IMAGE_AND_DAG"]);
}

#[test]
fn without_dag_deploys_one_image_holds_the_dags() {
    let deployment = Deployment { is_dag_deploy_enabled: false, ..demo() };
    let mut scene = Scene::new(deployment, &Registry::Simulated, |_| RealEngine::docker());
    // The simulated Airflow reads no image, so nobody could tell what it makes of the DAGs in there.
    scene.bench.set("LIFTOFF_VERIFY", "off");
    let files = [&IMAGE_FILES[..], &DAG_FILES[..]].concat();
    for change in [None, Some("dags/orders.py")] {
        if let Some(path) = change {
            scene.bench.write(path, "# Another DAG.\n");
            scene.bench.commit("Change a DAG");
        }
        assert_eq!(scene.deploy(&[]).as_deref(), Some("IMAGE_AND_DAG"));
        assert_image(&running_image(&scene.bench), &scene.bench, &files);
        assert_eq!(scene.deploy(&[]), None);
    }
    assert_eq!(scene.bench.sim.with(|world| world.deployments[0].dag_tarball_version.clone()), None);
}

#[test]
fn a_prebuilt_image_ships_as_it_is_from_the_engine_and_from_an_archive() {
    let scene = Scene::new(demo(), &Registry::Simulated, |_| RealEngine::docker());
    let build = |version: &str| {
        let name = format!("acme-airflow:{version}");
        scene.engine(&["build", "-q", "--label", &format!("version={version}"), "-t", &name, "."]);
        let id = scene.engine(&["image", "inspect", "--format", "{{.Id}}", &name]);
        (name, id)
    };
    let (name, id) = build("1");
    assert_eq!(scene.deploy(&["--image-name", &name]).as_deref(), Some("IMAGE_AND_DAG"));
    assert_eq!(running_image(&scene.bench).id, id);
    assert!(scene.images().contains(&name), "the user's image stays");
    assert_eq!(scene.deploy(&["--image-name", &name]), None);

    let (second, id) = build("2");
    let archive = scene.tools().join("image.tar");
    scene.engine(&["save", "-o", text(&archive), &second]);
    scene.engine(&["image", "rm", &second, &name]);
    let arguments = ["--image-name", text(&archive), "--container-engine", "/nowhere/docker"];
    assert_eq!(scene.deploy(&arguments).as_deref(), Some("IMAGE_ONLY"));
    assert_eq!(running_image(&scene.bench).id, id);
    assert_eq!(scene.deploy(&arguments), None);
}

#[test]
fn a_real_registry_takes_the_image_with_the_login_of_this_run() {
    let password = variable("REAL_LOCKED_REGISTRY_PASSWORD");
    for engine in ["docker", "podman"] {
        let scene = Scene::new(demo(), &Registry::Real, |folder| match engine {
            "docker" => RealEngine::docker(),
            other => RealEngine::daemonless(other, folder),
        });
        let scene = scene.with_token("a-token-that-the-registry-does-not-know");
        let ran = scene.run(&["deploy"]);
        assert_eq!(ran.code, 4, "{engine}: {}", ran.talk);
        assert!(ran.talk.contains("hint: "), "{}", ran.talk);
        assert_eq!(scene.bench.deployed(), Vec::<String>::new());
        assert_eq!(scene.bench.history("INITIALIZED"), ["IMAGE_AND_DAG"]);

        let scene = scene.with_token(&password);
        let ran = scene.run(&["deploy"]);
        assert_eq!(ran.code, 0, "{engine}: {}", ran.talk);
        assert_eq!(scene.bench.deployed(), ["IMAGE_AND_DAG"]);
        let (repository, tag) = scene.bench.sim.with(|world| {
            let deployment = &world.deployments[0];
            (format!("{}/{}", world.site.image_host(), world.image_repository(deployment)), deployment.image_tag.clone())
        });
        assert_image(&Shipped::in_registry(&repository, &tag, &password), &scene.bench, &IMAGE_FILES);
    }
}

#[test]
fn buildah_deploys_image_and_dags_without_a_daemon() {
    let scene = Scene::new(demo(), &Registry::Simulated, |folder| RealEngine::daemonless("buildah", folder));
    assert_eq!(scene.deploy(&[]).as_deref(), Some("IMAGE_AND_DAG"));
    assert_image(&running_image(&scene.bench), &scene.bench, &IMAGE_FILES);
    assert_eq!(scene.bench.dag_files(), DAG_FILES);
    assert_eq!(scene.deploy(&[]), None);
}

#[test]
fn the_example_of_a_dbt_project_ships_and_goes_without_an_engine() {
    let scene = Scene::new(demo(), &Registry::Simulated, |_| RealEngine::docker());
    take_project(&scene.bench, &example("dbt-project"));
    let arguments = ["--deploy-type", "dbt", "--container-engine", "/nowhere/docker"];
    assert_eq!(scene.deploy(&arguments).as_deref(), Some("BUNDLE"));
    assert_eq!(scene.deploy(&arguments), None);
    let bundles = || scene.bench.sim.with(|world| world.deployments[0].bundles.clone());
    let [bundle] = &bundles()[..] else { panic!("one bundle is expected: {:?}", bundles()) };
    assert_eq!((bundle.mount_path.as_str(), bundle.bundle_type.as_str()), ("/usr/local/airflow/dbt/shop", "dbt"));
    let version = bundle.current_version.clone().expect("a version");
    let bytes = scene.bench.sim.with(|world| world.blob(&version)).expect("an uploaded bundle");
    let models = ["models/marts/revenue_by_day.sql", "models/staging/sources.yml", "models/staging/stg_orders.sql"];
    assert_eq!(bench::members(&bytes), [&[".gitignore", "README.md", "dbt_project.yml"], &models[..]].concat());
    assert_eq!(scene.run(&["dbt", "delete"]).code, 0);
    assert_eq!(bundles(), []);
}

#[test]
fn a_preview_takes_the_image_of_its_base_from_a_real_registry_without_an_engine() {
    let password = variable("REAL_LOCKED_REGISTRY_PASSWORD");
    let mut scene = Scene::new(demo(), &Registry::Real, |_| RealEngine::docker());
    assert_eq!(scene.deploy(&[]).as_deref(), Some("IMAGE_AND_DAG"));
    let image = |scene: &Scene, index: usize| {
        let (repository, tag) = scene.bench.sim.with(|world| {
            let deployment = &world.deployments[index];
            (format!("{}/{}", variable("REAL_LOCKED_REGISTRY"), world.image_repository(deployment)), deployment.image_tag.clone())
        });
        Shipped::in_registry(&repository, &tag, &password)
    };
    let old = std::fs::read_to_string(scene.bench.project().join("dags/orders.py")).expect("a file of the example");
    scene.bench.write("dags/orders.py", &format!("{old}\n# Changed.\n"));
    scene.bench.git(&["checkout", "-q", "-b", "change"]);
    scene.bench.commit("Change a DAG");
    scene.bench.set("LIFTOFF_CONTAINER_ENGINE", "/nowhere/docker");
    let ran = scene.run(&["preview", "up", "--copy-connections=false", "--copy-pools=false", "--copy-airflow-variables=false"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.data, ran.talk);
    assert_eq!(image(&scene, 1).id, image(&scene, 0).id, "{}", ran.talk);
    let ran = scene.run(&["preview", "down"]);
    assert_eq!((ran.code, scene.bench.sim.with(|world| world.deployments.len())), (0, 1), "{}", ran.talk);
}
