//! Where an Airflow's API is, and which version of it: the address itself says so.
//! It parses; it never connects.

use url::Url;

use crate::error::{Error, Kind, Result};
use crate::model::image::is_loopback_registry;
use crate::model::url::SafeUrl;

/// The versions of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// That of Airflow 2.
    V1,
    /// That of Airflow 3.
    V2,
}

/// The base of an API: no query, no fragment, no user, no slash at its end.
#[derive(Debug, Clone)]
pub struct Address {
    /// The base.
    pub base: Url,
    /// Its version.
    pub version: ApiVersion,
}

impl Address {
    /// Returns where Airflow itself is.
    #[must_use]
    pub fn root(&self) -> Url {
        let mut root = self.base.clone();
        root.set_path(self.base.path().rsplit_once("/api/").map_or("", |(root, _)| root));
        root
    }
}

/// Parses what Astro names as a Deployment's Airflow API, which has no scheme (`reference/astro-platform.md` 7.1).
///
/// # Errors
/// `Kind::Usage` when it is no address.
pub fn api_url(text: &str) -> Result<SafeUrl> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    SafeUrl::parse(&whole).map_err(|reason| unusable().because(reason))
}

/// Returns the base and the version of an API.
///
/// # Errors
/// `Kind::Usage` when the path does not end in `/api/v1` or `/api/v2`, and when a token sent there would travel unencrypted
/// to another machine.
pub fn address(url: &SafeUrl) -> Result<Address> {
    let mut base = url.without_user_info();
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/').to_owned();
    let version = match path.rsplit_once("/api/") {
        Some((_, "v1")) => ApiVersion::V1,
        Some((_, "v2")) => ApiVersion::V2,
        _ => return Err(unusable().because(format!("{url} does not end in /api/v1 or /api/v2"))),
    };
    base.set_path(&path);
    let loopback = base.host_str().is_some_and(is_loopback_registry);
    if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
        return Err(unusable().because(format!("the token would travel unencrypted to {url}")));
    }
    Ok(Address { base, version })
}

/// Returns the page of a run in Airflow's own pages, which are at `pages`, or where the API is when nobody says. Airflow 3 moved
/// the page.
#[must_use]
pub fn run_page(api: &SafeUrl, pages: Option<&str>, dag: &str, run: &str) -> Option<String> {
    let address = address(api).ok()?;
    let given = pages.and_then(|text| Url::parse(text).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = given.unwrap_or_else(|| address.root());
    url.set_fragment(None);
    let mut path = url.path_segments_mut().ok()?;
    path.pop_if_empty().extend(["dags", dag]);
    match address.version {
        ApiVersion::V1 => path.push("grid"),
        ApiVersion::V2 => path.extend(["runs", run]),
    };
    drop(path);
    if address.version == ApiVersion::V1 {
        url.query_pairs_mut().append_pair("dag_run_id", run);
    }
    Some(SafeUrl::new(url).without_user_info().to_string())
}

/// Returns whether a name can be one segment of a path. Encoded or not, `.` and `..` lead elsewhere, and an empty name
/// leads to the list.
#[must_use]
pub fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
}

fn unusable() -> Error {
    Error::new(Kind::Usage, "use the address of the Deployment's Airflow API")
        .hint("it begins with https:// and ends in /api/v1 (Airflow 2) or /api/v2 (Airflow 3)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_tells_the_version() {
        for (text, base, version) in [
            ("org.astronomer.run/d1/api/v1", "https://org.astronomer.run/d1/api/v1", ApiVersion::V1),
            ("https://org.astronomer.run/d1/api/v2/?orgId=o#x", "https://org.astronomer.run/d1/api/v2", ApiVersion::V2),
            ("http://127.0.0.1:80/api/v2", "http://127.0.0.1/api/v2", ApiVersion::V2),
            (" https://user:pw@h/api/v1 ", "https://h/api/v1", ApiVersion::V1),
        ] {
            let found = api_url(text).and_then(|url| address(&url)).expect(text);
            assert_eq!((found.base.as_str(), found.version), (base, version), "{text}");
        }
    }

    #[test]
    fn each_version_has_its_own_page_of_a_run() {
        let page = |api: &str, pages: Option<&str>, run: &str| run_page(&api_url(api).expect(api), pages, "d", run);
        let (two, three) = ("o.astronomer.run/x/api/v1", "o.astronomer.run/x/api/v2");
        for (api, pages, run, expected) in [
            (two, None, "r+1", "https://o.astronomer.run/x/dags/d/grid?dag_run_id=r%2B1"),
            (three, None, "r+1", "https://o.astronomer.run/x/dags/d/runs/r+1"),
            (three, Some("https://o.astronomer.run/y?orgId=o#z"), "a/b", "https://o.astronomer.run/y/dags/d/runs/a%2Fb?orgId=o"),
            (two, Some("https://u:hush@h/y/?orgId=o"), "r", "https://h/y/dags/d/grid?orgId=o&dag_run_id=r"),
            (two, Some("javascript:alert(1)"), "r", "https://o.astronomer.run/x/dags/d/grid?dag_run_id=r"),
        ] {
            assert_eq!(page(api, pages, run).as_deref(), Some(expected));
        }
        assert_eq!(page("https://h/elsewhere", None, "r"), None);
    }

    #[test]
    fn other_addresses_are_refused_without_their_credentials() {
        for text in
            ["", "https://h/api/v3", "https://h/home", "http://h.example/api/v1", "ftp://h/api/v1", "https://u:hush@h/x?hush"]
        {
            let error = api_url(text).and_then(|url| address(&url)).expect_err(text);
            assert!(error.kind() == Kind::Usage && !error.to_string().contains("hush"), "{error}");
        }
    }
}
