//! The CI systems that Liftoff recognises, one file each, and the choice between them.
//! Functions of the environment and of the event's bytes only; nothing here opens a file.

pub mod azure_pipelines;
pub mod bitbucket_pipelines;
pub mod buildkite;
pub mod circleci;
pub mod codebuild;
pub mod drone;
pub mod drone_variables;
pub mod gitea_actions;
pub mod github_actions;
pub mod github_payload;
pub mod gitlab_ci;
pub mod harness;
pub mod jenkins;
pub mod local;
pub mod provider;
pub mod reference;
pub mod teamcity;
pub mod woodpecker;

use crate::ci::provider::Provider;
use crate::env::snapshot::Env;

/// Every CI system; the first that recognises itself wins, and `local` always does.
///
/// Who sets another system's variables as well stands before it: Gitea before GitHub, Harness before
/// Drone. Systems whose machines run other systems' jobs, and so pass their variables on to them,
/// stand after those: CodeBuild hosts runners of GitHub, GitLab and Buildkite, and a Jenkins or
/// TeamCity agent may be the machine on which anything else is started.
pub const PROVIDERS: &[Provider] = &[
    gitea_actions::PROVIDER,
    github_actions::PROVIDER,
    gitlab_ci::PROVIDER,
    circleci::PROVIDER,
    bitbucket_pipelines::PROVIDER,
    azure_pipelines::PROVIDER,
    buildkite::PROVIDER,
    harness::PROVIDER,
    woodpecker::PROVIDER,
    drone::PROVIDER,
    codebuild::PROVIDER,
    teamcity::PROVIDER,
    jenkins::PROVIDER,
    local::PROVIDER,
];

/// The largest event file that is worth reading, in bytes: GitHub caps its payloads at 25 MiB.
pub const EVENT_FILE_LIMIT: u64 = 25 * 1024 * 1024;

/// Returns the CI system of this run.
#[must_use]
pub fn detect(env: &Env) -> &'static Provider {
    PROVIDERS.iter().find(|provider| (provider.detect)(env)).unwrap_or(&local::PROVIDER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use serde_json::{Value, json};

    use super::*;
    use crate::model::context::{CiContext, Event, PullRequestState, Trust};
    use crate::model::revision::CommitSha;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fixture {
        about: String,
        env: BTreeMap<String, String>,
        event: Option<Value>,
        expect: serde_json::Map<String, Value>,
    }

    fn fixtures(provider: &str) -> Vec<(String, Fixture)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ci").join(provider);
        let mut fixtures: Vec<(String, Fixture)> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let text = std::fs::read_to_string(&path).expect("a fixture");
                let fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (path.display().to_string(), fixture)
            })
            .collect();
        fixtures.sort_by(|left, right| left.0.cmp(&right.0));
        fixtures
    }

    fn env(pairs: &BTreeMap<String, String>) -> Env {
        Env::new(pairs.iter().map(|(name, value)| (name.clone(), value.into())), PathBuf::from("/w"))
    }

    /// Renders a context as the fixtures write it: absent fields are left out.
    fn rendered(context: &CiContext) -> serde_json::Map<String, Value> {
        let sha = |sha: &Option<CommitSha>| sha.as_ref().map(ToString::to_string);
        let event = match &context.event {
            Event::PullRequest { action } => format!("pull-request {action}").trim_end().to_owned(),
            Event::Other(name) => format!("other {name}"),
            event => format!("{event:?}"),
        };
        let pull_request = context.pull_request.as_ref().map(|it| {
            json!({
                "number": it.number, "title": it.title, "head": sha(&it.head), "head_branch": it.head_branch,
                "base": sha(&it.base), "base_branch": it.base_branch, "url": it.url,
                "state": match it.state { PullRequestState::Open => "open", PullRequestState::Merged => "merged", PullRequestState::Closed => "closed" },
            })
        });
        let repository = context
            .repository
            .as_ref()
            .map(|it| json!({"forge": it.forge.word(), "server_url": it.server_url, "api_url": it.api_url, "path": it.path}));
        let all = json!({
            "provider": context.provider, "event": event, "commit": sha(&context.commit), "branch": context.branch,
            "commit_prefix": context.commit_prefix,
            "trust": match context.trust {
                Trust::SameRepository => None,
                Trust::Unknown => Some("unknown"),
                Trust::Fork => Some("fork"),
                Trust::Dependabot => Some("dependabot"),
            },
            "tag": context.tag, "before": sha(&context.before), "pull_request": pull_request, "repository": repository,
            "run_url": context.run_url, "actor": context.actor, "checkout": context.checkout,
        });
        let Value::Object(map) = all else { panic!("an object") };
        map.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    #[test]
    fn every_fixture_gives_the_context_it_expects() {
        for provider in PROVIDERS {
            let fixtures = fixtures(provider.name);
            assert!(!fixtures.is_empty(), "{} has no fixture", provider.name);
            for (path, fixture) in fixtures {
                let env = env(&fixture.env);
                assert_eq!(detect(&env).name, provider.name, "{path}");
                // An event that is a text stands for a file that is not JSON.
                let event = fixture.event.as_ref().map(|event| event.as_str().map_or_else(|| event.to_string(), str::to_owned));
                let context =
                    (provider.read)(&env, event.as_ref().map(String::as_bytes)).unwrap_or_else(|error| panic!("{path}: {error}"));
                let (got, expected) = (Value::from(rendered(&context)), Value::from(fixture.expect));
                assert_eq!(got, expected, "{path} ({}): got {got:#}", fixture.about);
            }
        }
    }

    /// A machine that belongs to one system may run the jobs of another.
    #[test]
    fn variables_of_the_machine_do_not_hide_the_system_whose_job_it_is() {
        let machines = [
            ("jenkins", [("JENKINS_URL", "https://jenkins.example.com/"), ("BUILD_TAG", "jenkins-x-1")]),
            ("teamcity", [("TEAMCITY_VERSION", "2025.07"), ("BUILD_VCS_NUMBER", "1")]),
            ("codebuild", [("CODEBUILD_BUILD_ID", "x:1"), ("CODEBUILD_CI", "true")]),
        ];
        let belongs_to_a_machine = |name: &str| name == "local" || machines.iter().any(|(machine, _)| *machine == name);
        for provider in PROVIDERS.iter().filter(|provider| !belongs_to_a_machine(provider.name)) {
            for (path, fixture) in fixtures(provider.name) {
                for (machine, variables) in machines {
                    let mut all = fixture.env.clone();
                    all.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
                    assert_eq!(detect(&env(&all)).name, provider.name, "{path} on a machine of {machine}");
                }
            }
        }
        for (machine, variables) in machines {
            let all = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            assert_eq!(detect(&env(&all)).name, machine);
        }
    }

    #[test]
    fn names_are_unique_and_only_the_last_matches_always() {
        let nothing = Env::default();
        for (index, provider) in PROVIDERS.iter().enumerate() {
            assert_eq!((provider.detect)(&nothing), index + 1 == PROVIDERS.len(), "{}", provider.name);
            assert!(provider.docs_url.is_none_or(|url| url.starts_with("https://")), "{}", provider.name);
            assert_eq!(PROVIDERS.iter().filter(|other| other.name == provider.name).count(), 1);
        }
    }
}
