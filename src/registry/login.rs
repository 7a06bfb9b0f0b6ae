//! Logins for registries that images are read from, as the user's docker or podman keeps them.
//! It only reads, never writes, and runs a credential helper only when the configuration says so.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::env::children::is_withheld;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::image::RegistryLogin;
use crate::model::secret::Secret;

/// Largest configuration or helper answer in bytes.
const LIMIT: u64 = 1 << 20;
/// Longest time that a credential helper gets.
const HELPER_PATIENCE: Duration = Duration::from_secs(30);
/// The key under which docker keeps the login for Docker Hub.
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// The names of Docker Hub. Only these get its login, not every host whose name ends alike.
const HUB_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Returns the user's login for a registry host; `None` when there is none. It looks into
/// `REGISTRY_AUTH_FILE`, docker's configuration and podman's file of the session, in this order.
///
/// # Errors
/// `Auth` when the configuration names a credential helper that fails.
pub async fn find(env: &Env, registry: &str) -> Result<Option<RegistryLogin>> {
    for file in files(env) {
        let Some(config) = read(env.current_dir().join(file)) else { continue };
        if let Some(helper) = helper(&config, registry) {
            if let Some(login) = ask_helper(env, &helper, registry).await? {
                return Ok(Some(login));
            }
            continue;
        }
        if let Some(login) = stored(&config, registry) {
            return Ok(Some(login));
        }
    }
    Ok(None)
}

fn files(env: &Env) -> Vec<PathBuf> {
    let docker = env.path("DOCKER_CONFIG").or_else(|| Some(env.path("HOME")?.join(".docker")));
    let session = env.path("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
    [env.path("REGISTRY_AUTH_FILE"), docker.map(|folder| folder.join("config.json")), session].into_iter().flatten().collect()
}

fn read(file: PathBuf) -> Option<Value> {
    let mut text = Vec::new();
    let opened = std::fs::File::open(file).ok()?;
    std::io::Read::read_to_end(&mut std::io::Read::take(opened, LIMIT), &mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Returns the keys under which a registry's login may stand.
fn keys(registry: &str) -> Vec<String> {
    let mut keys = vec![registry.to_owned(), format!("https://{registry}"), format!("https://{registry}/v1/")];
    if HUB_HOSTS.contains(&registry) {
        keys.extend([HUB_KEY.to_owned(), "docker.io".to_owned()]);
    }
    keys
}

fn helper(config: &Value, registry: &str) -> Option<String> {
    let own = config.get("credHelpers").and_then(|helpers| keys(registry).iter().find_map(|key| helpers.get(key)?.as_str()));
    let name = own.or_else(|| config.get("credsStore")?.as_str()).filter(|name| !name.is_empty())?;
    // The name becomes part of a program's name; it must not lead anywhere else.
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).then(|| name.to_owned())
}

fn stored(config: &Value, registry: &str) -> Option<RegistryLogin> {
    let auths = config.get("auths")?;
    let entry = keys(registry).iter().find_map(|key| auths.get(key))?;
    if let Some(token) = entry.get("identitytoken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
        return Some(RegistryLogin { username: RegistryLogin::IDENTITY_TOKEN.to_owned(), password: Secret::new(token) });
    }
    let pair = STANDARD.decode(entry.get("auth")?.as_str()?.trim()).ok()?;
    let (username, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    Some(RegistryLogin { username: username.to_owned(), password: Secret::new(password.trim_end_matches('\0')) })
}

async fn ask_helper(env: &Env, helper: &str, registry: &str) -> Result<Option<RegistryLogin>> {
    let name = format!("docker-credential-{helper}");
    let failed = |why: String| {
        Error::new(Kind::Auth, format!("ask {name} for the login of {registry}"))
            .because(why)
            .hint("log in to the registry anew, or take the helper out of docker's configuration")
    };
    let key = if HUB_HOSTS.contains(&registry) { HUB_KEY } else { registry };
    let run = run_helper(env, &name, key);
    let output = tokio::time::timeout(HELPER_PATIENCE, run).await.map_err(|_| failed("it did not answer in 30 s".to_owned()))?;
    let (succeeded, text) = output.map_err(|error| failed(error.to_string()))?;
    if !succeeded {
        let said = String::from_utf8_lossy(&text).trim().to_owned();
        return if said.contains("credentials not found") { Ok(None) } else { Err(failed(said)) };
    }
    let answer: Value = serde_json::from_slice(&text).map_err(|_| failed("its answer is not JSON".to_owned()))?;
    let field = |name: &str| answer.get(name).and_then(Value::as_str);
    Ok(match (field("Username"), field("Secret")) {
        (Some(username), Some(secret)) if !secret.is_empty() => {
            Some(RegistryLogin { username: username.to_owned(), password: Secret::new(secret) })
        }
        _ => None,
    })
}

async fn run_helper(env: &Env, name: &str, key: &str) -> std::io::Result<(bool, Vec<u8>)> {
    let mut command = tokio::process::Command::new(program(env, name));
    // Helpers of clouds read whatever their cloud's tools read, but none needs the job's tokens.
    let variables = env.names().filter(|name| !is_withheld(name));
    command.env_clear().envs(variables.filter_map(|name| Some((name, env.raw(name)?))));
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(key.as_bytes()).await?;
    }
    let mut text = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LIMIT).read_to_end(&mut text).await?;
    }
    Ok((child.wait().await?.success(), text))
}

/// Returns the helper's file on the snapshot's `PATH`, or its bare name when it is not there.
fn program(env: &Env, name: &str) -> PathBuf {
    let folders = env.raw("PATH").unwrap_or_default().split(':').filter(|folder| !folder.is_empty());
    let found = folders.map(|folder| env.current_dir().join(folder).join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn logins_are_found_where_docker_and_podman_keep_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = r#"{"auths":{"r.example":{"auth":"dTpwOnc="},"https://index.docker.io/v1/":{"auth":"aHViOnB3"},
            "acr.example":{"auth":"MDA6","identitytoken":"idt"},"bad.example":{"auth":"%%%"}},
            "credHelpers":{"evil.example":"../../bin/x","none.example":"liftoff-missing"}}"#;
        std::fs::create_dir(folder.path().join(".docker")).expect("a folder");
        std::fs::write(folder.path().join(".docker/config.json"), config).expect("a file");
        std::fs::write(folder.path().join("auth.json"), r#"{"auths":{"r.example":{"auth":"bTptbQ=="}}}"#).expect("a file");
        let home = ("HOME".to_owned(), folder.path().into());
        let env = Env::new([home.clone()], folder.path().to_owned());
        let login = |login: Option<RegistryLogin>| login.map(|login| (login.username, login.password.expose().to_owned()));
        let cases = [
            ("r.example", Some(("u", "p:w"))),
            ("docker.io", Some(("hub", "pw"))),
            ("index.docker.io", Some(("hub", "pw"))),
            ("acr.example", Some((RegistryLogin::IDENTITY_TOKEN, "idt"))),
            ("bad.example", None),
            ("evil.example", None),
            ("other.example", None),
        ];
        for (registry, expected) in cases {
            let found = login(find(&env, registry).await.expect("no helper fails"));
            assert_eq!(found.as_ref().map(|(user, password)| (user.as_str(), password.as_str())), expected, "{registry}");
        }
        assert_eq!(find(&env, "none.example").await.map_err(|error| error.kind()), Err(Kind::Auth));
        let podman = Env::new([home, ("REGISTRY_AUTH_FILE".to_owned(), "auth.json".into())], folder.path().to_owned());
        let found = login(find(&podman, "r.example").await.expect("no helper fails"));
        assert_eq!(found, Some(("m".to_owned(), "mm".to_owned())), "podman's own file comes first");
    }

    /// A credential helper that writes down what it was given and has a login for Docker Hub.
    #[cfg(unix)]
    fn bench_with_helper() -> (tempfile::TempDir, Env) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let script = format!(
            "#!/bin/sh\nread key\nenv >{}\nif [ \"$key\" = {HUB_KEY} ]; then echo '{{\"Username\":\"u\",\"Secret\":\"s\"}}'\n\
             else echo 'credentials not found'; exit 1; fi\n",
            at("env").display()
        );
        std::fs::write(at("docker-credential-fake"), script).expect("a file");
        std::fs::set_permissions(at("docker-credential-fake"), std::fs::Permissions::from_mode(0o755)).expect("executable");
        std::fs::write(at("config.json"), r#"{"credsStore":"fake"}"#).expect("a file");
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let variables = [("DOCKER_CONFIG", "."), ("PATH", &path), ("LIFTOFF_X", "hunter2"), ("GITHUB_TOKEN", "hunter2")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.into()));
        let env = Env::new(variables, folder.path().to_owned());
        (folder, env)
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_helper_gives_docker_hubs_login_to_docker_hub_only() {
        let (folder, env) = bench_with_helper();
        let cases = [("docker.io", true), ("registry-1.docker.io", true), ("evil-docker.io", false), ("x.docker.io", false)];
        for (registry, expected) in cases {
            let found = find(&env, registry).await.expect("the helper answers");
            assert_eq!(found.is_some(), expected, "{registry}");
        }
        let seen = std::fs::read_to_string(folder.path().join("env")).expect("the helper ran");
        assert!(seen.contains("PATH=") && !seen.contains("hunter2"), "{seen}");
    }
}
