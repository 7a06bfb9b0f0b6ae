//! The environment that a container engine's program gets: what it needs, and nothing secret.
//! It knows variables of engines and builders, none of Liftoff's or a CI system's own.

use std::ffi::OsString;

use crate::env::children::is_withheld;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};

/// Variables that engines, their credential helpers and remote builders read.
const NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LANG",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "CONTAINER_HOST",
    "CONTAINER_SSHKEY",
    "REGISTRY_AUTH_FILE",
    "KUBECONFIG",
    "SOURCE_DATE_EPOCH",
    "DBUS_SESSION_BUS_ADDRESS",
    // The GitHub Actions cache behind `--cache-from type=gha`; its token comes with `cache_token`.
    "ACTIONS_CACHE_URL",
    "ACTIONS_CACHE_SERVICE_V2",
    "ACTIONS_RESULTS_URL",
];

/// The token of the GitHub Actions cache. Source: the reference of BuildKit's `gha` cache.
const CACHE_TOKEN: &str = "ACTIONS_RUNTIME_TOKEN";

/// Prefixes of the same; the last four belong to credential helpers and remote caches.
const PREFIXES: &[&str] = &[
    "DOCKER_",
    "BUILDX_",
    "BUILDKIT_",
    "BUILDAH_",
    "PODMAN_",
    "CONTAINERS_",
    "STORAGE_",
    "_CONTAINERS_",
    "XDG_",
    "LC_",
    "AWS_",
    "GOOGLE_",
    "CLOUDSDK_",
    "AZURE_",
];

/// Returns the variables to start an engine with, plus those that `secrets` (specs of
/// `--secret`) read their values from, and none that is withheld from all children.
#[must_use]
pub fn for_engine(env: &Env, secrets: &[String]) -> Vec<(String, OsString)> {
    let named: Vec<&str> = secrets.iter().filter_map(|spec| secret_variable(spec)).collect();
    env.names()
        .filter(|name| NAMES.contains(name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || named.contains(name))
        .filter(|name| !is_withheld(name))
        .filter_map(|name| Some((name.to_owned(), OsString::from(env.raw(name)?))))
        .collect()
}

/// Returns the token of the GitHub Actions cache when one of the cache specs uses that cache.
/// No other build has a need for it, so no other gets it.
#[must_use]
pub fn cache_token<'a>(env: &Env, mut specs: impl Iterator<Item = &'a String>) -> Option<(&'static str, OsString)> {
    let used = specs.any(|spec| field(spec, "type") == Some("gha"));
    let token = env.raw(CACHE_TOKEN).filter(|_| used)?;
    Some((CACHE_TOKEN, OsString::from(token)))
}

/// Refuses specs of `--secret` that would hand Liftoff's or the CI system's own credentials to
/// the steps of a Dockerfile, which may come from a pull request.
///
/// # Errors
/// `Usage` for the first such spec.
pub fn check_secrets(specs: &[String]) -> Result<()> {
    let own = |name: &&str| is_withheld(name) || name.to_ascii_uppercase().starts_with("ACTIONS_");
    match specs.iter().filter_map(|spec| secret_variable(spec)).find(own) {
        None => Ok(()),
        Some(name) => Err(Error::new(Kind::Usage, format!("give {name} to the build as a secret"))
            .because("it is a credential of Liftoff or of the CI job, and a Dockerfile could send it anywhere")
            .hint("make a token for the build alone and pass it under a name of its own, such as `id=pip,env=PIP_TOKEN`")),
    }
}

/// Returns the variable that a secret spec reads: `id=x,env=NAME`, `id=x,type=env,src=NAME`, or
/// the id itself when no source is given. Source: the reference of `docker buildx build --secret`.
fn secret_variable(spec: &str) -> Option<&str> {
    let source = || field(spec, "src").or_else(|| field(spec, "source"));
    match field(spec, "env") {
        Some(name) => Some(name),
        None if field(spec, "type") == Some("env") => source(),
        None if source().is_none() => field(spec, "id"),
        None => None,
    }
}

/// Returns a field of a spec, which is a line of CSV with keys in any case.
fn field<'a>(spec: &'a str, key: &str) -> Option<&'a str> {
    let fields = spec.split(',').filter_map(|part| part.trim().trim_matches('"').split_once('='));
    fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.trim()).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_gets_what_it_needs_and_no_token() {
        let variables = ["PATH", "DOCKER_HOST", "ASTRO_API_TOKEN", "GITHUB_TOKEN", "INDEX_URL", "PIP_TOKEN", "OTHER"];
        let env = Env::new(variables.map(|name| (name.to_owned(), "v".into())), "/".into());
        let secrets = ["id=index,env=INDEX_URL".to_owned(), "id=PIP_TOKEN".to_owned(), "id=OTHER,src=file".to_owned()];
        let names: Vec<String> = for_engine(&env, &secrets).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["DOCKER_HOST", "INDEX_URL", "PATH", "PIP_TOKEN"]);
    }

    #[test]
    fn no_build_gets_liftoffs_or_the_jobs_credentials_as_a_secret() {
        let refused = [
            "id=x,env=ASTRO_API_TOKEN",
            "id=x, ENV=LIFTOFF_API_TOKEN",
            r#"id=x,"env=INPUT_API-TOKEN""#,
            "type=env,id=x,src=GITHUB_TOKEN",
            "id=GH_TOKEN",
            "id=x,env=PIP_TOKEN,env=GH_TOKEN",
            "env=ACTIONS_CACHE_URL,id=x",
        ];
        let env = |name: &str| Env::new([(name.to_owned(), "v".into())], "/".into());
        for spec in refused {
            let specs = [spec.to_owned()];
            assert_eq!(check_secrets(&specs).map_err(|error| error.kind()), Err(Kind::Usage), "{spec}");
        }
        assert_eq!(for_engine(&env("GITHUB_TOKEN"), &["id=GITHUB_TOKEN".to_owned()]), []);
        for spec in ["id=x,env=PIP_TOKEN", "id=GITHUB_TOKEN,src=file", "id=GH_TOKEN,env=PIP_TOKEN", "type=file,id=x,src=ASTRO"] {
            assert!(check_secrets(&[spec.to_owned()]).is_ok(), "{spec}");
        }
    }

    #[test]
    fn the_cache_token_is_for_builds_with_that_cache_only() {
        let env = Env::new([("ACTIONS_RUNTIME_TOKEN".to_owned(), "v".into())], "/".into());
        let (with, without) = ("scope=a,type=gha".to_owned(), "type=registry,ref=gha".to_owned());
        assert_eq!(cache_token(&env, [&without].into_iter()), None);
        assert_eq!(cache_token(&env, [&without, &with].into_iter()), Some(("ACTIONS_RUNTIME_TOKEN", "v".into())));
        assert_eq!(for_engine(&env, &[]), []);
    }
}
