//! Builds HTTP clients: trust roots, proxies, timeouts, redirects.
//! It sends nothing and knows no service; the environment reaches it as a value.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::env::names;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::image::is_loopback_registry;
use crate::model::url::SafeUrl;

/// How this program names itself to servers.
pub const USER_AGENT: &str = concat!("liftoff/", env!("CARGO_PKG_VERSION"));

/// Most bytes that a file of trust roots may have; a full host store has about 250 KiB.
const MOST_PEM_BYTES: u64 = 8 << 20;

/// How rustls-platform-verifier begins to say that a host has no CA store.
const NO_STORE: &str = "No CA certificates were loaded";

/// Redirects followed within one origin before giving up.
const MOST_REDIRECTS: usize = 5;

/// Hosts that are never reached through a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What a client is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// PEM file of trust roots in addition to the host's.
    pub ca_cert: Option<PathBuf>,
    /// Longest time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest silence of a server. It also bounds the whole time of sending a request, so it
    /// must be absent on a client that uploads.
    pub idle_timeout: Option<Duration>,
}

impl Options {
    /// Returns options for API calls: 10 s to connect, 60 s of silence.
    #[must_use]
    pub fn for_calls(ca_cert: Option<PathBuf>) -> Self {
        Self { ca_cert, connect_timeout: Duration::from_secs(10), idle_timeout: Some(Duration::from_secs(60)) }
    }

    /// Returns options for transfers, which watch their own progress: 10 s to connect.
    #[must_use]
    pub fn for_transfers(ca_cert: Option<PathBuf>) -> Self {
        Self { ca_cert, connect_timeout: Duration::from_secs(10), idle_timeout: None }
    }
}

/// Builds a client. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`,
/// trust roots from `SSL_CERT_FILE` or else the host (the roots built in where it has none), each
/// with `ca_cert` added. Redirects are followed within one origin only.
///
/// # Errors
/// Fails with `Usage` when a proxy or a file of trust roots cannot be used.
pub fn build(env: &Env, options: &Options) -> Result<Client> {
    // Another part of the process may have installed it first; there is only one provider.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let extra = match &options.ca_cert {
        Some(path) => trust_roots(path)?,
        None => Vec::new(),
    };
    if let Some(path) = env.path(names::SSL_CERT_FILE) {
        let roots: Vec<_> = trust_roots(&path)?.into_iter().chain(extra).collect();
        return built(base(env, options)?.tls_certs_only(certificates(&roots)?));
    }
    match base(env, options)?.tls_certs_merge(certificates(&extra)?).build() {
        // A scratch container has no CA store. Where someone chose a store, no other may replace it.
        Err(error) if has_no_store(&error) && env.path(names::SSL_CERT_DIR).is_none() => {
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| tracing::warn!("no CA store on this host; using the trust roots built in"));
            built(base(env, options)?.tls_backend_preconfigured(built_in_roots(extra)))
        }
        outcome => outcome.map_err(|error| unusable(&error)),
    }
}

/// Returns whether a client could not be built because the host has no CA store at all, as the
/// platform's verifier reports it.
fn has_no_store(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let of_tls = causes.find_map(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(of_tls, Some(rustls::Error::General(text)) if text.starts_with(NO_STORE))
}

fn base(env: &Env, options: &Options) -> Result<ClientBuilder> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect_timeout)
        .tcp_keepalive(Duration::from_secs(30))
        .redirect(same_origin())
        // Clears what reqwest would read from the process environment by itself.
        .no_proxy();
    if let Some(idle) = options.idle_timeout {
        builder = builder.read_timeout(idle);
    }
    for proxy in proxies(env)? {
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

fn built(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| unusable(&error))
}

fn unusable(error: &reqwest::Error) -> Error {
    Error::new(Kind::Usage, "set up the HTTP client")
        .because(chain(error))
        .hint("check the host's trust roots, SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables")
}

/// A token must never follow a redirect to another host, whatever the header's name is.
fn same_origin() -> Policy {
    Policy::custom(|attempt| {
        let previous = attempt.previous();
        let same = previous.last().is_some_and(|last| last.origin() == attempt.url().origin());
        if same && previous.len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}

fn proxies(env: &Env) -> Result<Vec<Proxy>> {
    let except = match setting(env, names::NO_PROXY) {
        Some((_, list)) => format!("{list},{LOOPBACK}"),
        None => LOOPBACK.to_owned(),
    };
    type ForScheme = fn(String) -> reqwest::Result<Proxy>;
    let kinds: [(&str, ForScheme); 3] =
        [(names::HTTPS_PROXY, Proxy::https), (names::HTTP_PROXY, Proxy::http), (names::ALL_PROXY, Proxy::all)];
    let mut proxies = Vec::new();
    for (name, for_scheme) in kinds {
        let Some((spelled, value)) = setting(env, name) else { continue };
        let proxy = for_scheme(value.to_owned()).map_err(|error| {
            // The value may hold a password, so only the reason is shown.
            Error::new(Kind::Usage, format!("use the proxy in {spelled}"))
                .because(chain(&error.without_url()))
                .hint(format!("set {spelled} to a URL such as http://proxy.example:3128"))
        })?;
        proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
    }
    Ok(proxies)
}

/// Returns the variable that names the proxy for a URL, and the proxy without its password; none when it is reached
/// directly. Whether `NO_PROXY` excepts the host is not looked at, apart from this machine's own names.
#[must_use]
pub fn proxy_for(env: &Env, url: &SafeUrl) -> Option<(String, SafeUrl)> {
    let own = if url.expose().scheme() == "https" { names::HTTPS_PROXY } else { names::HTTP_PROXY };
    let host = url.expose().host_str().unwrap_or_default();
    if is_loopback_registry(host) {
        return None;
    }
    let (name, value) = setting(env, own).or_else(|| setting(env, names::ALL_PROXY))?;
    let proxy = SafeUrl::parse(value).or_else(|_| SafeUrl::parse(&format!("http://{value}"))).ok()?;
    Some((name, SafeUrl::new(proxy.without_user_info())))
}

/// Returns the name as it was spelled, and its value.
fn setting<'a>(env: &'a Env, name: &str) -> Option<(String, &'a str)> {
    let lower = name.to_ascii_lowercase();
    if let Some(value) = env.get(&lower) {
        return Some((lower, value));
    }
    // In a CGI program a client sets HTTP_PROXY by sending a `Proxy` header.
    if name == names::HTTP_PROXY && env.get("REQUEST_METHOD").is_some() {
        return None;
    }
    env.get(name).map(|value| (name.to_owned(), value))
}

/// Reads the certificates that can be trust roots; at least one must be.
fn trust_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = |cause: String| {
        Error::new(Kind::Usage, format!("read the trust roots in {}", path.display()))
            .because(cause)
            .hint("name a PEM file with `-----BEGIN CERTIFICATE-----` blocks")
    };
    let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
    let mut pem = Vec::new();
    file.take(MOST_PEM_BYTES + 1).read_to_end(&mut pem).map_err(|error| unusable(error.to_string()))?;
    if pem.len() as u64 > MOST_PEM_BYTES {
        return Err(unusable(format!("it is larger than {MOST_PEM_BYTES} bytes")));
    }
    let mut roots = Vec::new();
    for (index, root) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let root = root.map_err(|error| unusable(error.to_string()))?;
        // A host's own store often has an odd entry, which must not make the others useless.
        match rustls::RootCertStore::empty().add(root.clone()) {
            Ok(()) => roots.push(root),
            Err(error) => {
                tracing::warn!(file = %path.display(), number = index + 1, reason = %error, "a certificate is no trust root")
            }
        }
    }
    if roots.is_empty() { Err(unusable("it holds no usable certificate".to_owned())) } else { Ok(roots) }
}

fn certificates(roots: &[CertificateDer<'static>]) -> Result<Vec<Certificate>> {
    let converted: reqwest::Result<Vec<Certificate>> = roots.iter().map(|root| Certificate::from_der(root)).collect();
    converted.map_err(|error| Error::new(Kind::Usage, "use the given trust roots").because(chain(&error)))
}

fn built_in_roots(extra: Vec<CertificateDer<'static>>) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(extra);
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Returns an error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scripted::{Reply, Script};

    fn env(variables: &[(&str, String)]) -> Env {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into()));
        Env::new(variables, PathBuf::new())
    }

    async fn fetched(env: &Env, url: &str) -> Option<String> {
        let client = build(env, &Options::for_calls(None)).expect("a client");
        client.get(url).send().await.ok()?.text().await.ok()
    }

    fn answer(text: &str) -> Reply {
        Reply::Answer(200, "", text.to_owned())
    }

    #[tokio::test]
    async fn proxies_come_from_the_given_environment() {
        let proxy = Script::start(vec![answer("one"), answer("two")]).await;
        let at = format!("http://user:pw@{}", proxy.url("").expose().authority());
        for (name, said) in [("HTTP_PROXY", "one"), ("all_proxy", "two")] {
            let env = env(&[(name, at.clone())]);
            assert_eq!(fetched(&env, "http://api.invalid/x").await.as_deref(), Some(said), "{name}");
        }
        assert!(
            proxy.requests().iter().all(|request| request.starts_with("GET http://api.invalid/x ")),
            "{:?}",
            proxy.requests()
        );
    }

    #[tokio::test]
    async fn loopback_and_excepted_hosts_are_reached_directly() {
        let server = Script::start(vec![answer("direct")]).await;
        let proxy = Script::start(vec![answer("proxied")]).await;
        let at = proxy.url("").to_string();
        assert_eq!(
            fetched(&env(&[("HTTP_PROXY", at.clone())]), server.url("/").expose().as_str()).await.as_deref(),
            Some("direct")
        );
        let excepted = env(&[("HTTP_PROXY", at.clone()), ("NO_PROXY", ".invalid, other".to_owned())]);
        assert_eq!(fetched(&excepted, "http://api.invalid/").await, None);
        let cgi = env(&[("HTTP_PROXY", at), ("REQUEST_METHOD", "GET".to_owned())]);
        assert_eq!(fetched(&cgi, "http://api.invalid/").await, None, "a client must not choose the proxy");
        assert_eq!(proxy.requests(), Vec::<String>::new());
    }

    #[test]
    fn a_broken_proxy_is_named_without_its_password() {
        let error =
            build(&env(&[("https_proxy", "http://user:hush@ /".to_owned())]), &Options::for_calls(None)).expect_err("no URL");
        assert_eq!(error.kind(), Kind::Usage);
        let text = error.to_string();
        assert!(text.contains("https_proxy") && !text.contains("hush"), "{text}");
    }

    #[test]
    fn trust_roots_must_be_certificates() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().join("empty.pem");
        let broken = folder.path().join("broken.pem");
        std::fs::write(&empty, "no certificate here").expect("written");
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        for path in [folder.path().join("missing.pem"), empty, broken] {
            for (env, ca_cert) in [(env(&[]), Some(path.clone())), (env(&[("SSL_CERT_FILE", path.display().to_string())]), None)]
            {
                let error = build(&env, &Options::for_calls(ca_cert)).expect_err("unusable roots");
                assert_eq!(error.kind(), Kind::Usage, "{error}");
            }
        }
    }

    #[test]
    fn only_a_missing_store_lets_the_roots_built_in_take_its_place() {
        // A whole run pins these words: `tests/it/bad_input.rs`.
        assert!(has_no_store(&rustls::Error::General(format!("{NO_STORE} from the system"))));
        for other in [rustls::Error::General("out of luck".to_owned()), rustls::Error::DecryptError] {
            assert!(!has_no_store(&other), "{other}");
        }
        assert!(!has_no_store(&std::io::Error::other(NO_STORE)), "another program's words do not count");
    }

    #[test]
    fn the_roots_built_in_serve_hosts_without_a_store() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = built_in_roots(Vec::new());
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert!(base(&env(&[]), &Options::for_calls(None)).expect("a builder").tls_backend_preconfigured(config).build().is_ok());
    }
}
