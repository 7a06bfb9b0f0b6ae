//! Pushes an engine's image to a registry, with a login that exists only during the push.
//! It knows nothing of deploys and nothing of the registry's protocol.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Ended, Invocation, OnLine};
use crate::image::context::private_folder;
use crate::image::engine::{Engine, EngineKind};
use crate::model::image::{ImageDigest, RegistryLogin, is_loopback_registry};

/// Largest file in bytes of the user's docker configuration that is read.
const CONFIG_LIMIT: u64 = 1 << 20;
/// Keys of a docker configuration that hold or find credentials, or start other programs.
const CREDENTIAL_KEYS: &[&str] = &["auths", "credsStore", "credHelpers", "plugins", "cliPluginsExtraDirs", "HttpHeaders"];

/// What to push, and to where.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// The engine's name for the image.
    pub local: String,
    /// Registry and repository, such as `images.example/org/deployment`.
    pub repository: String,
    /// Tag to push under.
    pub tag: String,
    /// Login for the registry.
    pub login: RegistryLogin,
    /// Pauses before each further try after a temporary failure.
    pub retry_delays: Vec<Duration>,
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Digest of the manifest, when the engine said it.
    pub digest: Option<ImageDigest>,
    /// What went wrong afterwards without harm.
    pub warnings: Vec<String>,
}

/// Pushes the image and hands on each line of output. The login lies in a private folder as
/// long as the push runs; the user's own logins are neither read nor changed.
///
/// # Errors
/// `Auth` when the registry does not accept the login, `Refused` when it denies the push,
/// `Transfer` for all else, temporary failures only after all retries.
pub async fn push(engine: &Engine, request: &PushRequest, on_line: OnLine<'_>) -> Result<Pushed> {
    let target = format!("{}:{}", request.repository, request.tag);
    let login = TemporaryLogin::create(engine, request)?;
    if engine.kind == EngineKind::Docker {
        tag(engine, &request.local, &target).await?;
    }
    let pushed = push_with_retries(engine, request, &login, on_line).await;
    let mut warnings = Vec::new();
    if engine.kind == EngineKind::Docker && request.local != target {
        // The extra name would keep layers alive on machines that live longer than the job.
        let call = engine.call(engine.env().current_dir(), &[]).args(["image", "rm", "--no-prune", "--", &target]);
        match child::capture(&call).await {
            Ok(captured) if captured.ended.succeeded() => {}
            Ok(captured) => warnings.push(format!("could not remove the local tag {target}: {}", captured.ended.describe())),
            Err(error) => warnings.push(error.to_string()),
        }
    }
    Ok(Pushed { digest: pushed?, warnings })
}

async fn tag(engine: &Engine, local: &str, target: &str) -> Result<()> {
    let call = engine.call(engine.env().current_dir(), &[]).args(["tag", "--", local, target]);
    let captured = child::capture(&call).await?;
    if captured.ended.succeeded() {
        return Ok(());
    }
    Err(Error::new(Kind::Project, format!("tag the image {local}")).because(captured.ended.describe()))
}

async fn push_with_retries(
    engine: &Engine,
    request: &PushRequest,
    login: &TemporaryLogin,
    on_line: OnLine<'_>,
) -> Result<Option<ImageDigest>> {
    let mut delays = request.retry_delays.iter();
    loop {
        let digest_file = login.folder.path().join("digest");
        let ended = child::stream(&push_call(engine, request, login, &digest_file), None, on_line).await?;
        if ended.succeeded() {
            let written = std::fs::read_to_string(&digest_file).ok();
            return Ok(written.and_then(|text| ImageDigest::parse(text.trim())).or_else(|| said_digest(&ended)));
        }
        match (PushFailure::of(&ended), delays.next()) {
            (PushFailure::Temporary, Some(delay)) => {
                let reason = ended.tail.last().map_or("no reason given", String::as_str);
                tracing::warn!(reason, delay_ms = delay.as_millis(), "the push failed for now, trying again");
                tokio::time::sleep(*delay).await;
            }
            (failure, _) => return Err(failure.explain(&ended, request)),
        }
    }
}

fn push_call(engine: &Engine, request: &PushRequest, login: &TemporaryLogin, digest_file: &std::path::Path) -> Invocation {
    let target = format!("{}:{}", request.repository, request.tag);
    let call = engine.call(engine.env().current_dir(), &[]);
    match engine.kind {
        EngineKind::Docker => {
            let config = login.folder.path().as_os_str();
            // Set twice: older helpers of docker read the variable only.
            call.variable("DOCKER_CONFIG", config).arg("--config").arg(config).args(["push", "--", &target])
        }
        EngineKind::Podman | EngineKind::Buildah => {
            let call = call.args(["push", "--authfile"]).arg(login.file.as_os_str());
            let call = call.arg("--digestfile").arg(digest_file);
            let call = if is_loopback_registry(registry_of(&request.repository)) { call.arg("--tls-verify=false") } else { call };
            call.args(["--", &request.local]).arg(format!("docker://{target}"))
        }
    }
}

/// Reads `tag: digest: sha256:… size: …`, the last line of `docker push`.
fn said_digest(ended: &Ended) -> Option<ImageDigest> {
    ended.tail.iter().rev().find_map(|line| {
        let (_, rest) = line.split_once("digest: ")?;
        ImageDigest::parse(rest.split_whitespace().next()?)
    })
}

fn registry_of(repository: &str) -> &str {
    repository.split('/').next().unwrap_or_default()
}

/// A folder that holds one login; it vanishes when dropped, also when a push is cancelled.
struct TemporaryLogin {
    folder: TempDir,
    file: PathBuf,
}

impl TemporaryLogin {
    fn create(engine: &Engine, request: &PushRequest) -> Result<Self> {
        let folder = private_folder(engine.env())?;
        let mut config = match engine.kind {
            EngineKind::Docker => docker_settings(engine.env(), &folder),
            EngineKind::Podman | EngineKind::Buildah => Map::new(),
        };
        let login = &request.login;
        let pair = STANDARD.encode(format!("{}:{}", login.username, login.password.expose()));
        let registry = registry_of(&request.repository);
        config.insert("auths".to_owned(), json!({ registry: { "auth": pair } }));
        let file = folder.path().join("config.json");
        write_private(&file, &Value::Object(config).to_string())
            .map_err(|error| Error::new(Kind::Project, "write the temporary login for the registry").because(error))?;
        Ok(Self { folder, file })
    }
}

fn write_private(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    std::io::Write::write_all(&mut options.open(file)?, text.as_bytes())
}

/// Takes over what decides which daemon docker talks to: the user's current context and, by a
/// link, the contexts themselves, because another configuration folder would hide them.
fn docker_settings(env: &Env, folder: &TempDir) -> Map<String, Value> {
    let Some(own) = env.path("DOCKER_CONFIG").or_else(|| Some(env.path("HOME")?.join(".docker"))) else {
        return Map::new();
    };
    let own = env.current_dir().join(own);
    #[cfg(unix)]
    if own.join("contexts").is_dir() {
        // Without the link the push merely fails to find the context, and says so.
        let _ = std::os::unix::fs::symlink(own.join("contexts"), folder.path().join("contexts"));
    }
    let mut text = Vec::new();
    let read = std::fs::File::open(own.join("config.json"))
        .and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, CONFIG_LIMIT), &mut text));
    let settings = read.ok().and_then(|_| serde_json::from_slice(&text).ok());
    let Some(Value::Object(mut settings)) = settings else { return Map::new() };
    settings.retain(|key, _| !CREDENTIAL_KEYS.contains(&key.as_str()));
    settings
}

/// Why a push failed, as far as the engine's words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PushFailure {
    Unauthorized,
    Denied,
    Temporary,
    Other,
}

/// Words of engines and registries, lower case. The first row with a match counts.
const FAILURES: &[(PushFailure, &[&str])] = &[
    (PushFailure::Unauthorized, &["unauthorized", " 401", "authentication required", "incorrect username or password"]),
    (PushFailure::Denied, &["denied", "403 forbidden", "forbidden", "status 403", "status code 403"]),
    (
        PushFailure::Temporary,
        &[
            " 408",
            " 429",
            "too many requests",
            "toomanyrequests",
            "500 internal",
            "502 bad",
            "503 service",
            "504 gateway",
            "bad gateway",
            "service unavailable",
            "gateway timeout",
            "request timeout",
            "i/o timeout",
            "timeout exceeded",
            "tls handshake timeout",
            "connection reset",
            "connection refused",
            "broken pipe",
            "unexpected eof",
            ": eof",
            "temporary failure in name resolution",
            "server misbehaving",
        ],
    ),
];

impl PushFailure {
    fn of(ended: &Ended) -> Self {
        // The last lines hold the reason; earlier ones may hold layer ids with any digits.
        let said = ended.tail.iter().rev().take(3).cloned().collect::<Vec<_>>().join("\n").to_ascii_lowercase();
        let matched = FAILURES.iter().find(|(_, words)| words.iter().any(|word| said.contains(word)));
        matched.map_or(Self::Other, |(failure, _)| *failure)
    }

    fn explain(self, ended: &Ended, request: &PushRequest) -> Error {
        let doing = format!("push the image to {}", registry_of(&request.repository));
        let (kind, hint) = match self {
            Self::Unauthorized => {
                (Kind::Auth, "check that the API token is whole, has not expired and is for this Deployment's Workspace")
            }
            Self::Denied => (
                Kind::Refused,
                "the token may not push to this Deployment, or the image is a multi-platform index (Docker's containerd image \
                 store, build attestations); push a single linux/amd64 image, for instance from an archive with `image-name`",
            ),
            Self::Temporary => (Kind::Transfer, "the registry or the network between failed for now; run the job again"),
            Self::Other => (Kind::Transfer, "run the engine's push by hand to see more"),
        };
        Error::new(kind, doing).because(ended.describe()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fake_engine::FakeEngines;
    use crate::model::secret::Secret;

    fn request(repository: &str) -> PushRequest {
        PushRequest {
            local: "liftoff:local".to_owned(),
            repository: repository.to_owned(),
            tag: "deploy-1".to_owned(),
            login: RegistryLogin::astro(&Secret::new("t0ken")),
            retry_delays: vec![Duration::ZERO; 2],
        }
    }

    #[tokio::test]
    async fn each_engine_gets_exactly_these_arguments_and_a_login_that_vanishes() {
        let cases: [(&str, &str, &[&str]); 4] = [
            (
                "docker",
                "images.example/org/dep",
                &[
                    "docker tag -- liftoff:local images.example/org/dep:deploy-1",
                    "docker --config TMP push -- images.example/org/dep:deploy-1",
                    "docker image rm --no-prune -- images.example/org/dep:deploy-1",
                ],
            ),
            (
                "podman",
                "images.example/org/dep",
                &[
                    "podman push --authfile TMP/config.json --digestfile TMP/digest -- liftoff:local docker://images.example/org/dep:deploy-1",
                ],
            ),
            (
                "buildah",
                "images.example/org/dep",
                &[
                    "buildah push --authfile TMP/config.json --digestfile TMP/digest -- liftoff:local docker://images.example/org/dep:deploy-1",
                ],
            ),
            (
                "buildah",
                "127.0.0.1:5000/org/dep",
                &[
                    "buildah push --authfile TMP/config.json --digestfile TMP/digest --tls-verify=false -- liftoff:local docker://127.0.0.1:5000/org/dep:deploy-1",
                ],
            ),
        ];
        for (name, repository, expected) in cases {
            let fakes = FakeEngines::new(&[name]);
            let engine = fakes.find(name, None).await;
            let pushed = push(&engine, &request(repository), &|_| {}).await.expect("the push succeeds");
            assert_eq!(pushed, Pushed { digest: None, warnings: vec![] });
            assert_eq!(fakes.calls(name), expected);
            let registry = registry_of(repository);
            let login = format!(r#"{{"auths":{{"{registry}":{{"auth":"Y2xpOnQwa2Vu"}}}}}}"#);
            assert_eq!(fakes.seen(name, "seen.login"), login, "the login is cli:t0ken");
            assert_eq!(fakes.seen(name, "seen.modes"), "700\n600\n");
            assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new());
            let env = fakes.seen(name, "env");
            assert!(!env.contains("t0ken") && !env.contains("hunter2"), "{env}");
        }
    }

    #[tokio::test]
    async fn docker_keeps_its_context_and_lends_no_login() {
        let fakes = FakeEngines::new(&["docker"]);
        let own = fakes.at("home/.docker");
        std::fs::create_dir_all(own.join("contexts/meta")).expect("a folder");
        let config =
            r#"{"currentContext":"far","credsStore":"desktop","auths":{"r.example":{"auth":"eDp5"}},"proxies":{"default":{}}}"#;
        std::fs::write(own.join("config.json"), config).expect("a file");
        let engine = fakes.find("docker", None).await;
        push(&engine, &request("images.example/org/dep"), &|_| {}).await.expect("the push succeeds");
        let login: Value = serde_json::from_str(&fakes.seen("docker", "seen.login")).expect("JSON");
        let expected = json!({ "currentContext": "far", "proxies": { "default": {} }, "auths": { "images.example": { "auth": "Y2xpOnQwa2Vu" } } });
        assert_eq!(login, expected);
        assert_eq!(fakes.seen("docker", "seen.contexts"), "meta\n");
        assert!(own.join("contexts/meta").is_dir(), "removing the link leaves the contexts");
        assert_eq!(std::fs::read_to_string(own.join("config.json")).expect("the user's file"), config);
        assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new());
    }

    #[tokio::test]
    async fn failures_are_explained_and_only_temporary_ones_repeated() {
        let cases = [
            ("unauthorized: authentication required", Kind::Auth, 1),
            ("denied: requested access to the resource is denied", Kind::Refused, 1),
            ("error parsing HTTP 403 response body", Kind::Transfer, 1),
            ("unexpected status from PUT request: 403 Forbidden", Kind::Refused, 1),
            ("received unexpected HTTP status: 503 Service Unavailable", Kind::Transfer, 3),
            ("error parsing HTTP 408 response body: unexpected end of JSON input", Kind::Transfer, 3),
            ("net/http: TLS handshake timeout", Kind::Transfer, 3),
            ("tag does not exist: liftoff:local", Kind::Transfer, 1),
        ];
        for (said, kind, pushes) in cases {
            let fakes = FakeEngines::new(&["docker"]);
            fakes.answer("docker", "push.err", said);
            fakes.answer("docker", "push.code", "1");
            let engine = fakes.find("docker", None).await;
            let error = push(&engine, &request("images.example/org/dep"), &|_| {}).await.expect_err("the push fails");
            assert_eq!(error.kind(), kind, "{said}");
            assert!(error.cause().is_some_and(|cause| cause.contains(said)) && error.advice().is_some(), "{error}");
            let calls = fakes.calls("docker");
            assert_eq!(calls.iter().filter(|call| call.contains(" push ")).count(), pushes, "{said}");
            assert!(calls.last().is_some_and(|call| call.contains("image rm")), "the extra name goes also after a failure");
            assert_eq!(fakes.leftovers(), Vec::<PathBuf>::new());
        }
    }

    #[tokio::test]
    async fn a_push_succeeds_after_a_temporary_failure_and_names_the_digest() {
        let fakes = FakeEngines::new(&["docker"]);
        let digest = format!("sha256:{}", "3c".repeat(32));
        fakes.answer("docker", "push.failures", "2");
        fakes.answer("docker", "push.err", "received unexpected HTTP status: 502 Bad Gateway");
        fakes.answer("docker", "push.out", &format!("deploy-1: digest: {digest} size: 1365\n"));
        fakes.answer("docker", "image-rm.err", "image is in use");
        fakes.answer("docker", "image-rm.code", "1");
        let engine = fakes.find("docker", None).await;
        let pushed = push(&engine, &request("images.example/org/dep"), &|_| {}).await.expect("the push succeeds at last");
        assert_eq!(pushed.digest, ImageDigest::parse(&digest));
        let warning = "could not remove the local tag images.example/org/dep:deploy-1: exit code 1\nimage is in use";
        assert_eq!(pushed.warnings, [warning], "a tag that stays is only a warning");
    }
}
