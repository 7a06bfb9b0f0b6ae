//! Sweeping and listing: what goes, what stays, and that one failure stops nothing.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::deployment::Deployment;
use jiff::{SignedDuration, Timestamp};

use crate::bench::Bench;
use crate::previews::life::Life;

/// Adds a Deployment with a mark, made some hours ago.
fn add(life: &Life, name: &str, mark: &str, hours: i64) {
    life.bench.sim.with(|world| {
        let base = world.deployments[0].id.clone();
        let description = format!("A preview.\n[liftoff-preview:1 {}]", mark.replace("BASE", &base));
        let id = world.add_deployment(Deployment { description, is_development_mode: true, ..Deployment::named(name) });
        let made = Timestamp::now() - SignedDuration::from_hours(hours);
        world.find_deployment_mut(&id).expect("it").created_at = made;
    });
}

fn names(bench: &Bench) -> Vec<String> {
    bench.sim.with(|world| world.deployments.iter().map(|deployment| deployment.name.clone()).collect())
}

fn zoo() -> Life {
    let life = Life::new();
    life.bench.sim.with(|world| {
        let pulls = &mut world.github.repositories[0].pulls;
        let open = pulls[0].clone();
        pulls.push(astro_sim::world::github::PullRequest { number: 2, state: "closed".into(), ..open.clone() });
        pulls.push(astro_sim::world::github::PullRequest { number: 3, state: "closed".into(), merged: true, ..open });
        world.add_deployment(Deployment { description: "pr-4, by hand".into(), ..Deployment::named("by-hand") });
    });
    add(&life, "open", "repo=github.com/acme/demo pr=1 branch=change base=BASE ttl=604800s by=0.1.0", 1);
    add(&life, "closed", "repo=github.com/acme/demo pr=2 branch=x base=BASE ttl=604800s by=0.1.0", 1);
    add(&life, "merged", "repo=github.com/acme/demo pr=3 branch=y base=BASE by=0.1.0", 1);
    add(&life, "gone", "repo=github.com/acme/demo pr=99 branch=z base=BASE by=0.1.0", 1);
    add(&life, "expired", "repo=github.com/acme/demo project=eu pr=1 branch=change base=BASE ttl=3600s by=0.1.0", 2);
    add(&life, "orphan", "repo=github.com/acme/demo project=us pr=1 branch=change base=deleted by=0.1.0", 1);
    add(&life, "twin", "repo=github.com/acme/demo pr=1 branch=change base=BASE ttl=604800s by=0.1.0", 0);
    add(&life, "branch", "repo=github.com/acme/demo branch=unknown base=BASE ttl=604800s by=0.1.0", 1);
    add(&life, "foreign", "repo=github.com/acme/other pr=2 branch=x base=BASE ttl=3600s by=0.1.0", 9);
    life
}

#[test]
fn what_is_over_goes_and_what_is_not_surely_ours_or_over_stays() {
    let life = zoo();
    let dry = life.preview(&["gc", "--dry-run"]);
    assert_eq!(names(&life.bench).len(), 11, "{}", dry.data);
    let ran = life.preview(&["gc"]);
    assert_eq!(names(&life.bench), ["demo", "by-hand", "open", "branch", "foreign"], "{}", ran.data);
    for line in ["deleted  closed", "deleted  merged", "deleted  gone", "deleted  expired", "deleted  orphan", "deleted  twin"] {
        assert!(ran.data.contains(line), "{line}: {}", ran.data);
    }
    assert!(ran.data.contains("kept     branch   nobody can tell what became of branch unknown"), "{}", ran.data);
    assert!(ran.data.ends_with("8 previews, 6 deleted, 2 kept\n"), "{}", ran.data);
    assert!(life.file("summary").contains("🧹 8 previews, 6 deleted, 2 kept"), "{}", life.file("summary"));
}

#[test]
fn one_failure_does_not_stop_the_rest_and_fails_the_run() {
    let life = zoo();
    life.bench.sim.with(|world| world.faults.push(Fault::on("DeleteDeployment", 1, Effect::Status(403, String::new()))));
    let ran = life.bench.run(&["preview", "gc"]);
    assert_eq!(ran.code, 6, "{}\n{}", ran.data, ran.talk);
    assert!(ran.data.contains("5 deleted, 2 kept, 1 failed"), "{}", ran.data);
    life.preview(&["gc"]);
    assert_eq!(names(&life.bench), ["demo", "by-hand", "open", "branch", "foreign"]);
}

#[test]
fn without_a_word_of_the_forge_only_time_ends_a_preview() {
    for forge in ["token", "outage", "no permission"] {
        let mut life = zoo();
        match forge {
            "token" => drop(life.bench.unset("GITHUB_TOKEN")),
            "outage" => {
                life.bench.sim.with(|world| world.faults.push(Fault::on("GetPull", 99, Effect::Status(404, String::new()))))
            }
            _ => life.bench.sim.with(|world| world.faults.push(Fault::on("GetPull", 99, Effect::Status(403, String::new())))),
        }
        let ran = life.preview(&["gc"]);
        let left = names(&life.bench);
        assert_eq!(left, ["demo", "by-hand", "open", "closed", "merged", "gone", "branch", "foreign"], "{forge}: {}", ran.data);
    }
}

#[test]
fn the_list_shows_every_preview_with_its_end() {
    let mut life = zoo();
    life.bench.unset("LIFTOFF_DEPLOYMENT_NAME");
    let ran = life.preview(&["list"]);
    let lines: Vec<&str> = ran.data.lines().collect();
    assert_eq!(lines.len(), 10, "{}", ran.data);
    assert!(lines[0].starts_with("NAME") && lines.iter().any(|line| line.starts_with("orphan") && line.contains("gone")));
    let list = life.bench.json(&["preview", "list", "--deployment-name", "demo"]);
    let previews = list["previews"].as_array().expect("previews");
    assert_eq!(previews.len(), 8, "{list}");
    assert_eq!((&previews[0]["name"], &previews[0]["base_name"]), (&"foreign".into(), &"demo".into()), "the oldest first");
}

#[test]
fn a_full_house_is_swept_before_anybody_is_turned_away() {
    let life = zoo();
    life.bench.sim.with(|world| world.deployments.retain(|it| !["open", "twin"].contains(&it.name.as_str())));
    life.preview(&["up", "--preview-limit", "3"]);
    let left = names(&life.bench);
    assert!(!left.contains(&"closed".to_owned()) && left.contains(&"foreign".to_owned()), "{left:?}");
    let life = zoo();
    life.bench.sim.with(|world| world.deployments.retain(|it| !["open", "twin"].contains(&it.name.as_str())));
    let ran = life.bench.run(&["preview", "up", "--preview-limit", "2"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("there are 2 previews of this Deployment, and `preview-limit` is 2"), "{}", ran.talk);
}

#[test]
fn branches_that_the_remote_still_has_keep_their_previews() {
    let life = Life::new();
    let remote = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", remote.path().display());
    let bare = std::process::Command::new("git").args(["init", "-q", "--bare"]).arg(remote.path()).status().expect("git");
    assert!(bare.success());
    life.bench.git(&["push", "-q", &url, "main", "change"]);
    life.bench.git(&["remote", "set-url", "origin", &url]);
    add(&life, "there", "repo=github.com/acme/demo branch=change base=BASE by=0.1.0", 1);
    add(&life, "deleted", "repo=github.com/acme/demo branch=fix/a base=BASE by=0.1.0", 1);
    let ran = life.preview(&["gc"]);
    assert_eq!(names(&life.bench), ["demo", "there"], "{}", ran.data);
}
