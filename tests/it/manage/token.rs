//! `liftoff token` and its spellings below the other nouns.

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::github::GitHubToken;
use astro_sim::world::gitlab::{JOB_TOKEN, MAINTAINER_TOKEN, READ_TOKEN, TOKEN};
use astro_sim::world::role::{EntityKind, TokenRole};
use astro_sim::world::secrets::StoredVariable;
use astro_sim::world::state::World;
use astro_sim::world::token::{ApiToken, TokenSpec};
use jiff::{SignedDuration, Timestamp};

use crate::bench::Bench;

/// A platform with the Deployment's token `pipeline`, which is a hundred days old and expires in as many.
struct Keys {
    bench: Bench,
    folder: tempfile::TempDir,
    old: String,
}

impl Keys {
    fn new() -> Self {
        let mut world = World::sandbox();
        let deployment = world.deployments[0].id.clone();
        let expires = Timestamp::now() + SignedDuration::from_hours(24 * 100);
        let spec = TokenSpec {
            name: "pipeline".into(),
            deployment_ids: vec![deployment],
            expires_at: Some(expires),
            ..TokenSpec::default()
        };
        let old = world.mint_token(spec);
        let token = world.tokens.iter_mut().find(|token| token.spec.name == "pipeline").expect("the token");
        token.created_at = Timestamp::now() - SignedDuration::from_hours(24 * 100);
        let bench = Bench::with(world);
        Self { bench, folder: tempfile::tempdir().expect("a folder"), old }
    }

    /// Makes the run one of a repository at GitHub with a token of these permissions.
    fn at_github(mut self, permissions: &[(&'static str, &'static str)]) -> Self {
        let token = GitHubToken::of_person("github-secret-keeper", "ada", permissions);
        self.bench.sim.with(|world| world.github.tokens.push(token));
        self.bench.git(&["remote", "set-url", "origin", "https://github.com/acme/demo.git"]);
        let api = self.bench.sim.github_api_url();
        self.bench.set("LIFTOFF_FORGE_API_URL", &api).set("LIFTOFF_FORGE_TOKEN", "github-secret-keeper");
        self
    }

    /// Makes the run one of a project at GitLab with a token.
    fn at_gitlab(mut self, token: &str) -> Self {
        self.bench.git(&["remote", "set-url", "origin", "https://gitlab.com/acme/platform/demo.git"]);
        let api = self.bench.sim.gitlab_api_url();
        self.bench.set("LIFTOFF_FORGE_API_URL", &api).set("LIFTOFF_FORGE_TOKEN", token);
        self
    }

    /// Returns the value of a token as the platform has it now.
    fn value(&self, name: &str) -> Option<String> {
        self.token(name).map(|token| token.text)
    }

    fn token(&self, name: &str) -> Option<ApiToken> {
        self.bench.sim.with(|world| world.tokens.iter().find(|token| token.spec.name == name).cloned())
    }

    fn github_secrets(&self) -> Vec<(String, String)> {
        self.bench.sim.with(|world| {
            let all = world.github.repositories[0].secrets.iter();
            all.map(|secret| (secret.name.clone(), secret.value.clone())).collect()
        })
    }

    /// Returns the values that wait in files of the test's folder.
    fn rescued(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).expect("a folder").flatten();
        let rescued = files.filter(|entry| entry.file_name().to_string_lossy().starts_with("liftoff-rescued-token-"));
        rescued.map(|entry| std::fs::read_to_string(entry.path()).expect("text")).collect()
    }

    fn rotate(&self, to: &str) -> crate::bench::Ran {
        let ran = self.bench.run(&["token", "rotate", "pipeline", "--deployment", "demo", "--to", to]);
        self.bench.assert_clean(&ran);
        for value in [Some(self.old.clone()), self.value("pipeline")].into_iter().flatten() {
            assert!(to == "stdout" || !ran.data.contains(&value), "the value was printed: {}", ran.data);
            assert!(!ran.talk.contains(&value), "the value was printed: {}", ran.talk);
        }
        ran
    }
}

#[test]
fn a_rotated_value_is_in_the_github_secret_and_nowhere_else() {
    let keys = Keys::new().at_github(&[("secrets", "write")]);
    let ran = keys.rotate("github-secret:ASTRO_API_TOKEN");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let now = keys.value("pipeline").expect("a value");
    assert_ne!(now, keys.old);
    assert_eq!(keys.github_secrets(), [("ASTRO_API_TOKEN".to_owned(), now)], "the probe is gone, the value arrived");
    assert!(ran.data.contains("rotated the API token pipeline") && ran.data.contains("and works"), "{}", ran.data);
}

#[test]
fn an_environments_secret_and_another_repositorys_are_reached() {
    let keys = Keys::new().at_github(&[("environments", "write")]);
    let ran = keys.rotate("github-secret:acme/demo/TOKEN@prod env");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let secret = keys.bench.sim.with(|world| world.github.repositories[0].secrets[0].clone());
    assert_eq!((secret.environment.as_deref(), secret.name.as_str()), (Some("prod env"), "TOKEN"));
}

#[test]
fn nothing_is_rotated_when_a_place_cannot_be_written() {
    let keys = Keys::new().at_github(&[("secrets", "read")]);
    let ran = keys.rotate("github-secret:ASTRO_API_TOKEN");
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("was not rotated") && ran.talk.contains("Secrets: write"), "{}", ran.talk);
    assert_eq!((keys.value("pipeline"), keys.github_secrets()), (Some(keys.old.clone()), vec![]));
    for token in [TOKEN, READ_TOKEN, JOB_TOKEN] {
        let keys = Keys::new().at_gitlab(token);
        let ran = keys.rotate("gitlab-variable:ASTRO_API_TOKEN");
        assert!(matches!(ran.code, 4 | 6), "{token}: {}", ran.talk);
        assert_eq!(keys.value("pipeline").as_ref(), Some(&keys.old), "{token}");
    }
    let keys = Keys::new();
    for (to, code) in [("file:absent/token", 2), ("vault:x", 2), ("github-secret:X", 2)] {
        let ran = keys.rotate(to);
        assert_eq!(ran.code, code, "{to}: {}", ran.talk);
    }
    let ran = keys.bench.run(&["token", "rotate", "pipeline", "--deployment", "demo"]);
    assert!(ran.code == 2 && ran.talk.contains("no `--to` names a place"), "{}", ran.talk);
    assert_eq!(keys.value("pipeline").as_ref(), Some(&keys.old));
}

#[test]
fn a_gitlab_variable_stays_protected_and_is_masked() {
    let keys = Keys::new().at_gitlab(MAINTAINER_TOKEN);
    let ran = keys.rotate("gitlab-variable:FRESH");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let variable = |key: &str| {
        keys.bench.sim.with(|world| world.gitlab.projects[0].variables.iter().find(|known| known.key == key).cloned())
    };
    let fresh = variable("FRESH").expect("the variable");
    assert_eq!((Some(fresh.value), fresh.masked, fresh.protected), (keys.value("pipeline"), true, false));
    keys.bench.sim.with(|world| {
        world.gitlab.projects[0].variables.push(StoredVariable {
            key: "KEPT".into(),
            value: "old".into(),
            masked: false,
            protected: true,
            raw: false,
            environment_scope: "production".into(),
        });
    });
    let ran = keys.rotate("gitlab-variable:acme/platform/demo/KEPT");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let kept = variable("KEPT").expect("the variable");
    assert_eq!((Some(kept.value), kept.masked, kept.protected), (keys.value("pipeline"), true, true));
    assert_eq!(kept.environment_scope, "production");
    assert_eq!(keys.bench.sim.with(|world| world.gitlab.projects[0].variables.len()), 2, "no probe is left");
}

#[test]
fn a_gitlab_variable_of_several_environments_is_named_by_one_before_anything_is_rotated() {
    let keys = Keys::new().at_gitlab(MAINTAINER_TOKEN);
    keys.bench.sim.with(|world| {
        let variable = |scope: &str| StoredVariable {
            key: "KEY".into(),
            value: "old".into(),
            masked: false,
            protected: false,
            raw: false,
            environment_scope: scope.into(),
        };
        world.gitlab.projects[0].variables = vec![variable("*"), variable("review/*")];
    });
    let variables = || {
        let stored = keys.bench.sim.with(|world| world.gitlab.projects[0].variables.clone());
        stored.into_iter().map(|known| (known.environment_scope, known.value)).collect::<Vec<_>>()
    };
    let ran = keys.rotate("gitlab-variable:KEY");
    assert!(ran.code == 6 && ran.talk.contains("was not rotated"), "{}", ran.talk);
    assert!(ran.talk.contains("`--to gitlab-variable:KEY@SCOPE`"), "{}", ran.talk);
    assert_eq!(keys.value("pipeline").as_ref(), Some(&keys.old));
    for (to, place) in [("gitlab-variable:KEY@review/*", 1), ("gitlab-variable:KEY@prod", 2)] {
        let ran = keys.rotate(to);
        assert_eq!(ran.code, 0, "{to}: {}", ran.talk);
        assert_eq!(Some(&variables()[place].1), keys.value("pipeline").as_ref(), "{to}");
    }
    let scopes: Vec<_> = variables().into_iter().map(|(scope, _)| scope).collect();
    assert_eq!((scopes, variables()[0].1.as_str()), (vec!["*".into(), "review/*".into(), "prod".to_owned()], "old"));
}

#[test]
fn a_value_that_cannot_be_kept_after_all_waits_in_a_file() {
    let mut keys = Keys::new().at_github(&[("secrets", "write")]);
    let folder = keys.folder.path().display().to_string();
    keys.bench.set("RUNNER_TEMP", &folder);
    let refuse = |world: &mut World| {
        let mut fault = Fault::on("PutSecret", 9, Effect::Status(422, "{\"message\":\"quota\"}".into()));
        fault.matches.skip = 1;
        world.faults.push(fault);
    };
    keys.bench.sim.with(refuse);
    let ran = keys.rotate("github-secret:ASTRO_API_TOKEN");
    assert_eq!(ran.code, 9, "{}", ran.talk);
    assert!(ran.talk.contains("the old value is dead already"), "{}", ran.talk);
    assert!(ran.talk.contains("A hosted runner deletes that file with the job"), "{}", ran.talk);
    let rescued: Vec<_> = std::fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert_eq!(rescued.len(), 1, "{rescued:?}");
    assert!(ran.talk.contains(&rescued[0].display().to_string()), "{}", ran.talk);
    assert_eq!(Some(std::fs::read_to_string(&rescued[0]).expect("text")), keys.value("pipeline"));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(rescued[0].metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
}

#[test]
fn files_and_standard_output_hold_the_value_alone() {
    let keys = Keys::new();
    let path = keys.folder.path().join("token");
    let ran = keys.rotate(&format!("file:{}", path.display()));
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(Some(std::fs::read_to_string(&path).expect("text")), keys.value("pipeline"));
    let ran = keys.rotate("stdout");
    assert_eq!((ran.code, Some(ran.data.trim_end().to_owned())), (0, keys.value("pipeline")), "{}", ran.talk);
    let ran = keys.bench.run(&["token", "rotate", "pipeline", "--deployment", "demo", "--to", "stdout", "--json"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
}

#[test]
fn a_value_that_nobody_reads_from_standard_output_waits_in_a_file() {
    let mut keys = Keys::new();
    let folder = keys.folder.path().display().to_string();
    keys.bench.set("RUNNER_TEMP", &folder);
    let ran = keys.bench.run_unread(&["token", "rotate", "pipeline", "--deployment", "demo", "--to", "stdout"]);
    assert_eq!(ran.code, 9, "{}", ran.talk);
    assert_ne!(keys.value("pipeline").as_ref(), Some(&keys.old));
    assert_eq!(Some(keys.rescued()), keys.value("pipeline").map(|value| vec![value]));
}

#[test]
fn a_young_value_and_a_dry_run_change_nothing_and_say_so() {
    let keys = Keys::new();
    let arguments = ["token", "rotate", "pipeline", "--deployment", "demo", "--to", "stdout"];
    let ran = keys.bench.run(&[&arguments[..], &["--older-than", "101d"]].concat());
    assert!(ran.code == 0 && ran.talk.contains("nothing to do: the API token pipeline"), "{}", ran.talk);
    let ran = keys.bench.run(&[&arguments[..], &["--dry-run"]].concat());
    assert!(ran.code == 0 && ran.talk.contains("would rotate the API token pipeline"), "{}", ran.talk);
    assert_eq!(keys.value("pipeline").as_ref(), Some(&keys.old));
    let ran = keys.bench.run(&[&arguments[..], &["--older-than", "99d"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_ne!(keys.value("pipeline").as_ref(), Some(&keys.old));
}

#[test]
fn the_token_in_use_is_rotated_by_force_only_and_that_is_said() {
    let keys = Keys::new();
    let rotate = ["token", "rotate", "ci", "--scope", "organization", "--to", "stdout"];
    let before = keys.value("ci");
    for more in [&[][..], &["--older-than", "3650d"], &["--dry-run"]] {
        let ran = keys.bench.run(&[&rotate[..], more].concat());
        assert!(ran.code == 6 && ran.talk.contains("give `--force`"), "{more:?}: {}", ran.talk);
    }
    assert_eq!(keys.value("ci"), before);
    let ran = keys.bench.run(&[&rotate[..], &["--force"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.talk.contains("the token that this run uses"), "{}", ran.talk);
    assert_eq!(Some(ran.data.trim_end().to_owned()), keys.value("ci"));
}

#[test]
fn names_that_are_not_unique_or_not_there_are_refused() {
    let keys = Keys::new();
    keys.bench.sim.with(|world| {
        let deployment = world.deployments[0].id.clone();
        world.mint_token(TokenSpec { name: "pipeline".into(), deployment_ids: vec![deployment], ..TokenSpec::default() });
    });
    let ran = keys.rotate("stdout");
    assert!(ran.code == 5 && ran.talk.contains("several have this name"), "{}", ran.talk);
    let ran = keys.bench.run(&["token", "rotate", "pipelin", "--deployment", "demo", "--to", "stdout"]);
    assert!(ran.code == 5 && ran.talk.contains("did you mean `pipeline`?"), "{}", ran.talk);
    let ran = keys.bench.run(&["deployment", "token", "rotate", "ci", "--to", "stdout"]);
    assert!(ran.code == 5, "{}", ran.talk);
}

#[test]
fn a_token_is_made_with_an_end_and_its_value_is_kept() {
    let keys = Keys::new();
    let path = keys.folder.path().join("token").display().to_string();
    let sink = format!("file:{path}");
    let create = ["workspace", "token", "create", "--name", "nightly", "--role", "WORKSPACE_AUTHOR", "--to", &sink];
    let ran = keys.bench.run(&create);
    assert!(ran.code == 2 && ran.talk.contains("--expires-in-days"), "{}", ran.talk);
    let workspace = keys.bench.sim.with(|world| world.workspaces[0].name.clone());
    let whole = [&create[..], &["--workspace", &workspace, "--expiration", "30"]].concat();
    let ran = keys.bench.run(&[&whole[..], &["--dry-run"]].concat());
    assert!(ran.code == 0 && keys.token("nightly").is_none(), "{}", ran.talk);
    let ran = keys.bench.run(&whole);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    keys.bench.assert_clean(&ran);
    let made = keys.token("nightly").expect("the token");
    assert_eq!((made.expiry_days, made.spec.roles[0].role.as_str()), (Some(30), "WORKSPACE_AUTHOR"));
    assert_eq!(std::fs::read_to_string(&path).expect("text"), made.text);
    assert!(!ran.data.contains(&made.text) && !ran.talk.contains(&made.text));
    std::fs::remove_file(&path).expect("removed");
    let ran = keys.bench.run(&whole);
    assert!(ran.code == 6 && ran.talk.contains("one of that name already"), "{}", ran.talk);
    for (role, days, code) in [("WORKSPACE_AUTOR", "30", 2), ("WORKSPACE_AUTHOR", "0", 2), ("WORKSPACE_AUTHOR", "3651", 2)] {
        let arguments = [
            "token",
            "create",
            "--scope",
            "workspace",
            "--name",
            "n",
            "--role",
            role,
            "--expires-in-days",
            days,
            "--to",
            "stdout",
            "--workspace",
            &workspace,
        ];
        let ran = keys.bench.run(&arguments);
        assert_eq!(ran.code, code, "{role} {days}: {}", ran.talk);
    }
}

#[test]
fn a_new_token_whose_value_cannot_be_kept_is_deleted_again() {
    let mut keys = Keys::new().at_github(&[("secrets", "write")]);
    let folder = keys.folder.path().display().to_string();
    keys.bench.set("RUNNER_TEMP", &folder);
    keys.bench.sim.with(|world| {
        let mut fault = Fault::on("PutSecret", 9, Effect::Status(422, "{\"message\":\"quota\"}".into()));
        fault.matches.skip = 1;
        world.faults.push(fault);
    });
    let arguments = ["deployment", "token", "create", "--name", "short", "--expires-in-days", "1", "--to", "github-secret:X"];
    let ran = keys.bench.run(&arguments);
    assert!(ran.code == 9 && ran.talk.contains("the token was deleted again"), "{}", ran.talk);
    assert!(keys.token("short").is_none());
    assert_eq!(keys.rescued(), Vec::<String>::new(), "a dead value needs no file");
}

#[test]
fn a_new_token_whose_value_is_in_one_place_already_stays() {
    let mut keys = Keys::new().at_github(&[("secrets", "write")]);
    let folder = keys.folder.path().display().to_string();
    keys.bench.set("RUNNER_TEMP", &folder);
    keys.bench.sim.with(|world| {
        let mut fault = Fault::on("PutSecret", 9, Effect::Status(422, "{\"message\":\"quota\"}".into()));
        // Two probes and the first value.
        fault.matches.skip = 3;
        world.faults.push(fault);
    });
    let sinks = ["--to", "github-secret:ONE", "--to", "github-secret:TWO"];
    let create = ["deployment", "token", "create", "--name", "short", "--expires-in-days", "1"];
    let ran = keys.bench.run(&[&create[..], &sinks[..]].concat());
    assert!(ran.code == 9 && ran.talk.contains("stays, because another place has its value"), "{}", ran.talk);
    let made = keys.value("short").expect("the token stays");
    assert_eq!(keys.github_secrets(), [("ONE".to_owned(), made.clone())]);
    assert_eq!(keys.rescued(), [made]);
}

#[test]
fn a_new_value_is_in_a_file_until_its_place_has_it() {
    let mut keys = Keys::new().at_github(&[("secrets", "write")]);
    let folder = keys.folder.path().display().to_string();
    keys.bench.set("RUNNER_TEMP", &folder);
    keys.bench.sim.with(|world| {
        let mut fault = Fault::on("PutSecret", 1, Effect::Gate("store".into()));
        fault.matches.skip = 1;
        world.faults.push(fault);
    });
    let meanwhile = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while keys.bench.sim.waiting("store") == 0 && std::time::Instant::now() < until {
                std::thread::yield_now();
            }
            let rescued = keys.rescued();
            keys.bench.sim.open("store");
            rescued
        });
        let ran = keys.rotate("github-secret:ASTRO_API_TOKEN");
        assert_eq!(ran.code, 0, "{}", ran.talk);
        watcher.join().expect("what was there")
    });
    assert_eq!(Some(meanwhile), keys.value("pipeline").map(|value| vec![value]));
    assert_eq!(keys.rescued(), Vec::<String>::new(), "the place has it");
}

#[test]
fn an_update_changes_what_is_named_and_nothing_else() {
    let keys = Keys::new();
    keys.bench.sim.with(|world| {
        let token = world.tokens.iter_mut().find(|token| token.spec.name == "pipeline").expect("the token");
        token.description = "kept".into();
    });
    let ran = keys.bench.run(&["deployment", "token", "update", "--name", "pipeline", "--new-name", "renamed"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let token = keys.token("renamed").expect("the token");
    assert_eq!((token.description.as_str(), token.spec.roles[0].role.as_str()), ("kept", "DEPLOYMENT_ADMIN"));
    let ran = keys.bench.run(&["deployment", "token", "update", "renamed"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
}

#[test]
fn a_wider_token_is_let_in_and_out_of_a_workspace() {
    let keys = Keys::new();
    let workspace = keys.bench.sim.with(|world| {
        let member = TokenRole::on(EntityKind::Organization, &world.organizations[0].id, "ORGANIZATION_MEMBER");
        let wide = TokenSpec { name: "wide".into(), roles: vec![member], ..TokenSpec::default() };
        world.mint_token(wide);
        world.workspaces[0].name.clone()
    });
    let roles = || keys.token("wide").expect("the token").spec.roles.len();
    let before = roles();
    let place = ["--workspace", workspace.as_str()];
    let ran = keys
        .bench
        .run(&[&["workspace", "token", "organization-token", "add", "wide", "--role", "WORKSPACE_MEMBER"], &place[..]].concat());
    assert_eq!((ran.code, roles()), (0, before + 1), "{}", ran.talk);
    let ran = keys.bench.run(&[&["workspace", "token", "add", "wide", "--role", "WORKSPACE_OWNER"], &place[..]].concat());
    assert_eq!((ran.code, roles()), (0, before + 1), "{}", ran.talk);
    let ran = keys.bench.run(&[&["workspace", "token", "organization-token", "remove", "wide"], &place[..]].concat());
    assert_eq!((ran.code, roles()), (0, before), "{}", ran.talk);
    let ran = keys.bench.run(&[&["workspace", "token", "remove", "wide"], &place[..]].concat());
    assert!(ran.code == 0 && ran.data.contains("nothing to do"), "{}", ran.talk);
    keys.bench.assert_clean(&ran);
}

#[test]
fn a_wider_token_is_never_the_first_of_several_and_has_the_scope_that_is_said() {
    let keys = Keys::new();
    let (workspace, wide) = keys.bench.sim.with(|world| {
        let member = || TokenRole::on(EntityKind::Organization, &world.organizations[0].id, "ORGANIZATION_MEMBER");
        let own = vec![world.workspaces[0].id.clone()];
        let accessor = TokenRole::on(EntityKind::Workspace, &own[0], "WORKSPACE_ACCESSOR");
        let wide = |name: &str, roles: Vec<TokenRole>| TokenSpec { name: name.into(), roles, ..TokenSpec::default() };
        let specs = [
            TokenSpec { name: "same".into(), workspace_ids: own.clone(), ..TokenSpec::default() },
            wide("same", vec![member()]),
            wide("twin", vec![member(), accessor.clone()]),
            wide("twin", vec![member(), accessor]),
            TokenSpec { name: "narrow".into(), workspace_ids: own, ..TokenSpec::default() },
        ];
        let made: Vec<String> = specs.into_iter().map(|spec| world.mint_token(spec)).collect();
        (world.workspaces[0].name.clone(), made[1].clone())
    });
    let add = |words: &[&str], name: &str| {
        let arguments = [&["workspace", "token"], words, &["add", name, "--role", "WORKSPACE_MEMBER", "--workspace", &workspace]];
        keys.bench.run(&arguments.concat())
    };
    let ran = add(&[], "twin");
    assert!(ran.code == 5 && ran.talk.contains("several have this name"), "{}", ran.talk);
    let ran = add(&["organization-token"], "narrow");
    assert!(ran.code == 6 && ran.talk.contains("belongs to the workspace"), "{}", ran.talk);
    let ran = add(&["organization-token"], "same");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let roles = keys.bench.sim.with(|world| {
        let token = world.tokens.iter().find(|token| token.text == wide).expect("the token");
        token.spec.roles.iter().map(|role| role.role.clone()).collect::<Vec<_>>()
    });
    assert_eq!(roles, ["ORGANIZATION_MEMBER", "WORKSPACE_MEMBER"]);
}

#[test]
fn tokens_are_listed_and_deleted_by_scope() {
    let keys = Keys::new();
    let list = keys.bench.json(&["deployment", "token", "list"]);
    assert_eq!((list["tokens"].as_array().map(Vec::len), &list["tokens"][0]["name"]), (Some(1), &"pipeline".into()));
    let ran = keys.bench.run(&["token", "list", "--scope", "organization"]);
    assert!(ran.data.contains("ci") && ran.data.contains("ORGANIZATION_OWNER") && ran.data.contains("never"), "{}", ran.data);
    keys.bench.assert_clean(&ran);
    let ran = keys.bench.run(&["organization", "token", "delete", "ci"]);
    assert!(ran.code == 6 && ran.talk.contains("the token that this run uses"), "{}", ran.talk);
    let ran = keys.bench.run(&["token", "delete", "pipeline", "--deployment", "demo"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(keys.token("pipeline").is_none());
}

#[test]
fn the_own_token_is_told_and_judged() {
    let mut keys = Keys::new();
    let answer = keys.bench.json(&["token", "inspect", "--for", "deploy"]);
    assert_eq!((&answer["scope"], &answer["for"]["verdict"]), (&"ORGANIZATION".into(), &"wider-than-needed".into()));
    let ran = keys.bench.run(&["token", "inspect"]);
    assert!(ran.code == 0 && ran.data.contains("ORGANIZATION_OWNER") && ran.data.contains("never"), "{}", ran.data);
    keys.bench.assert_clean(&ran);
    let old = keys.old.clone();
    keys.bench.set("ASTRO_API_TOKEN", &old);
    let ran = keys.bench.run(&["token", "inspect", "--for", "deployment create"]);
    assert!(ran.code == 6 && ran.data.contains("does not suffice"), "{}{}", ran.data, ran.talk);
    let ran = keys.bench.run(&["token", "inspect", "--for", "deploy"]);
    assert!(ran.code == 0 && ran.data.contains("(in 99 days)"), "{}", ran.data);
    let ran = keys.bench.run(&["token", "inspect", "--for", "deplo"]);
    assert_eq!(ran.code, 2, "{}", ran.talk);
    assert!(!ran.talk.contains("expires in"), "{}", ran.talk);
    keys.bench.set("LIFTOFF_TOKEN_WARNING_DAYS", "101");
    let ran = keys.bench.run(&["deployment", "list"]);
    assert!(ran.code == 0 && ran.talk.contains("the Astro API token expires in 99 days"), "{}", ran.talk);
    keys.bench.set("LIFTOFF_TOKEN_WARNING_DAYS", "0");
    let ran = keys.bench.run(&["deployment", "list"]);
    assert!(!ran.talk.contains("expires"), "{}", ran.talk);
}

#[test]
fn a_refusal_names_the_role_that_is_needed() {
    let mut keys = Keys::new();
    let old = keys.old.clone();
    keys.bench.set("ASTRO_API_TOKEN", &old);
    let ran = keys.bench.run(&["deployment", "token", "list"]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("needs WORKSPACE_OPERATOR or a custom role with deployment.apiTokens.get"), "{}", ran.talk);
}

#[test]
fn a_report_tells_what_wants_attention() {
    let mut keys = Keys::new();
    let summary = keys.folder.path().join("summary").display().to_string();
    let report = ["token", "report", "--deployment", "demo"];
    let answer = keys.bench.json(&report);
    assert_eq!(answer["concerning"][0]["concerns"], serde_json::json!(["unused", "stale"]), "{answer}");
    let ran = keys.bench.run(&[&report[..], &["--exit-code"]].concat());
    assert_eq!(ran.code, 7, "{}", ran.talk);
    let ran = keys.bench.run(&[&report[..], &["--exit-code", "--unused-for", "101d", "--older-than", "101d"]].concat());
    assert!(ran.code == 0 && ran.data.contains("0 of 1 API tokens of the Deployment demo want attention"), "{}", ran.data);
    let whole = keys.bench.json(&["token", "report", "--scope", "organization"]);
    assert!(whole["total"].as_u64() >= Some(3), "those of Deployments count, too: {whole}");
    keys.bench.set("GITHUB_ACTIONS", "true").set("GITHUB_REPOSITORY", "acme/demo").set("GITHUB_SERVER_URL", "https://github.com");
    keys.bench.set("GITHUB_STEP_SUMMARY", &summary).set("GITHUB_SHA", &"1".repeat(40)).set("GITHUB_REF", "refs/heads/main");
    keys.bench.set("GITHUB_EVENT_NAME", "schedule");
    let ran = keys.bench.run(&report);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let text = std::fs::read_to_string(&summary).expect("a summary");
    assert!(text.contains("### API tokens") && text.contains("<code>pipeline</code>"), "{text}");
}

#[test]
fn a_signal_cuts_nothing_between_the_new_value_and_its_place() {
    let keys = Keys::new();
    let file = keys.folder.path().join("value");
    let to = format!("file:{}", file.display());
    keys.bench.sim.with(|world| world.faults.push(Fault::on("RotateApiToken", 1, Effect::GateAnswer("late".into()))));
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while keys.bench.sim.waiting("late") == 0 && std::time::Instant::now() < until {
                std::thread::yield_now();
            }
            // The signal comes in this time.
            std::thread::sleep(std::time::Duration::from_secs(1));
            keys.bench.sim.open("late");
        });
        keys.bench.run_until_it_holds(
            "the token is rotated",
            |sim| sim.waiting("late") == 1,
            &["token", "rotate", "pipeline", "--deployment", "demo", "--to", &to],
        )
    });
    assert!(ran.talk.contains("stopping as soon as"), "{}", ran.talk);
    let kept = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {}", ran.talk));
    assert_eq!(Some(kept.trim().to_owned()), keys.value("pipeline"));
    assert_ne!(kept.trim(), keys.old);
}

#[test]
fn a_rotation_whose_answer_is_lost_is_repeated_and_the_last_value_kept() {
    let keys = Keys::new();
    let file = keys.folder.path().join("value");
    keys.bench.sim.with(|world| world.faults.push(Fault::on("RotateApiToken", 1, Effect::CutBeforeAnswer)));
    let ran = keys.rotate(&format!("file:{}", file.display()));
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let asked = keys.bench.sim.journal().iter().filter(|entry| entry.operation == "RotateApiToken").count();
    assert_eq!(asked, 2);
    assert_eq!(std::fs::read_to_string(&file).ok().map(|it| it.trim().to_owned()), keys.value("pipeline"));
}

#[test]
fn a_flag_that_names_a_deployment_chooses_its_tokens() {
    let keys = Keys::new();
    let id = keys.bench.sim.with(|world| world.deployments[0].id.clone());
    for flag in [["--deployment-id", id.as_str()], ["--deployment-name", "demo"], ["--deployment", "demo"]] {
        let ran = keys.bench.run(&[&["token", "delete", "pipeline", "--dry-run"][..], &flag].concat());
        assert!(ran.code == 0 && ran.data.contains("of the Deployment demo"), "{}{}", ran.data, ran.talk);
    }
    let ran = keys.bench.run(&["token", "list", "--scope", "organization", "--deployment-id", &id]);
    assert!(ran.code == 2 && ran.talk.contains("a flag names a Deployment"), "{}", ran.talk);
}

#[test]
fn a_token_that_the_platform_does_not_take_is_not_called_fine() {
    let mut keys = Keys::new();
    keys.bench.set("ASTRO_API_TOKEN", "no-token-at-all");
    let ran = keys.bench.run(&["token", "inspect"]);
    assert_eq!(ran.code, 4, "{}{}", ran.data, ran.talk);
}

#[test]
fn a_new_token_takes_no_others_file() {
    let keys = Keys::new();
    let file = keys.folder.path().join("value");
    std::fs::write(&file, "of another").expect("a file");
    let to = format!("file:{}", file.display());
    let create = ["token", "create", "--name", "new", "--deployment", "demo", "--expires-in-days", "3", "--to", &to];
    let ran = keys.bench.run(&create);
    assert!(ran.code == 2 && ran.talk.contains("may hold another token"), "{}", ran.talk);
    assert_eq!(std::fs::read_to_string(&file).ok().as_deref(), Some("of another"));
    assert!(keys.token("new").is_none());
}

#[test]
fn no_token_of_the_forge_goes_to_another_server_than_the_named_one() {
    let mut keys = Keys::new().at_github(&[("actions", "write"), ("secrets", "write"), ("metadata", "read")]);
    keys.bench.git(&["remote", "remove", "origin"]);
    keys.bench.set("LIFTOFF_FORGE", "github").set("GITHUB_TOKEN", "must-not-be-used");
    let ran = keys.rotate("github-secret:acme/demo/ASTRO_API_TOKEN");
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(keys.github_secrets(), [("ASTRO_API_TOKEN".to_owned(), keys.value("pipeline").expect("a value"))]);
}
