//! Which repository a clone URL means: its forge, the forge's addresses, its path there.
//! It reads text, which may be hostile; nothing is asked, and credentials in it are dropped.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::model::context::{ForgeKind, Repository};

/// The longest URL that is read, in bytes.
const LONGEST_URL: usize = 2048;
/// The most parts of a path: GitLab nests groups twenty deep.
const MOST_PARTS: usize = 24;
/// The longest part of a path, in bytes.
const LONGEST_PART: usize = 255;
/// The port on which Bitbucket Data Center speaks SSH unless told otherwise.
const BITBUCKET_SSH_PORT: u16 = 7999;

/// The parts of a clone URL.
struct Clone {
    /// `https` for everything but `http`, because web pages are not served over SSH.
    scheme: &'static str,
    /// Host in lower case.
    host: String,
    /// Port of the web server, when the URL names one.
    web_port: Option<u16>,
    /// Port of the SSH server, when the URL names one.
    ssh_port: Option<u16>,
    /// Parts of the path, percent-decoded, none of them empty.
    parts: Vec<String>,
}

impl Repository {
    /// Returns the repository of a clone URL: `https` with or without credentials, `ssh`, `git`, or
    /// `user@host:path`. `None` for local paths and for text that cannot be one.
    #[must_use]
    pub fn of_clone_url(url: &str) -> Option<Self> {
        let clone = Clone::parse(url.trim())?;
        let host = clone.host.as_str();
        let under = |domain: &str| host.strip_suffix(domain).is_some_and(|label| !label.is_empty() && !label.contains('.'));
        match host {
            "github.com" | "ssh.github.com" => clone.two_parts(ForgeKind::GitHub, "https://github.com"),
            "gitlab.com" | "altssh.gitlab.com" => clone.whole(ForgeKind::GitLab, "https://gitlab.com"),
            "bitbucket.org" | "altssh.bitbucket.org" => clone.two_parts(ForgeKind::Bitbucket, "https://bitbucket.org"),
            "codeberg.org" | "gitea.com" => clone.two_parts(ForgeKind::Gitea, &format!("https://{host}")),
            "dev.azure.com" => clone.azure_repos(None),
            "ssh.dev.azure.com" | "vs-ssh.visualstudio.com" => clone.azure_ssh(),
            _ if under(".visualstudio.com") => clone.azure_repos(host.split('.').next()),
            // GitHub Enterprise Cloud with data residency; its API has a host of its own.
            _ if under(".ghe.com") => clone.two_parts(ForgeKind::GitHub, &format!("https://{host}")),
            _ => clone.self_hosted(),
        }
    }

    /// Returns a repository with the API's address that is usual for the forge.
    #[must_use]
    pub fn at(forge: ForgeKind, server_url: &str, path: &str) -> Self {
        let server_url = server_url.trim_end_matches('/').to_owned();
        let api_url = match forge {
            ForgeKind::GitHub => match server_url.split_once("://") {
                Some((_, "github.com")) => Some("https://api.github.com".to_owned()),
                Some((scheme, host)) if host.ends_with(".ghe.com") => Some(format!("{scheme}://api.{host}")),
                _ => Some(format!("{server_url}/api/v3")),
            },
            ForgeKind::GitLab => Some(format!("{server_url}/api/v4")),
            ForgeKind::Bitbucket => Some("https://api.bitbucket.org/2.0".to_owned()),
            ForgeKind::BitbucketServer => Some(format!("{server_url}/rest")),
            // The organization (or collection) is part of every address.
            ForgeKind::AzureDevOps => path.split('/').next().map(|organization| format!("{server_url}/{organization}")),
            ForgeKind::Gitea => Some(format!("{server_url}/api/v1")),
            ForgeKind::Other => None,
        };
        Self { forge, server_url, api_url, path: path.to_owned() }
    }

    /// Returns whether both are the same repository: forges compare hosts and paths in any case.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.server_url.eq_ignore_ascii_case(&other.server_url) && self.path.eq_ignore_ascii_case(&other.path)
    }
}

impl Clone {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_URL || text.chars().any(char::is_control) {
            return None;
        }
        let (scheme, host, web_port, ssh_port, path) = if text.contains("://") {
            let url = Url::parse(text).ok()?;
            let (scheme, web_port, ssh_port) = match url.scheme() {
                "http" => ("http", url.port(), None),
                "https" => ("https", url.port(), None),
                "ssh" | "git+ssh" | "ssh+git" => ("https", None, url.port()),
                "git" => ("https", None, None),
                _ => return None,
            };
            (scheme, url.host_str()?.to_owned(), web_port, ssh_port, url.path().to_owned())
        } else {
            let (host, path) = text.split_once(':')?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
            // One letter is a drive. A second colon or a later `@` is no path but something else,
            // such as a password.
            if host.len() < 2 || !named || path.contains([':', '@']) {
                return None;
            }
            ("https", host.to_owned(), None, None, path.to_owned())
        };
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(part).collect::<Option<_>>()?;
        (!parts.is_empty() && parts.len() <= MOST_PARTS).then(|| Self {
            scheme,
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            web_port,
            ssh_port,
            parts,
        })
    }

    fn server_url(&self) -> String {
        let port = self.web_port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }

    fn whole(&self, forge: ForgeKind, server_url: &str) -> Option<Repository> {
        let path = without_git(&self.parts)?;
        path.contains('/').then(|| Repository::at(forge, server_url, &path))
    }

    fn two_parts(&self, forge: ForgeKind, server_url: &str) -> Option<Repository> {
        (self.parts.len() == 2).then(|| self.whole(forge, server_url)).flatten()
    }

    /// `…/project/_git/repository`; a project's main repository may leave out the project.
    fn azure_repos(&self, organization: Option<&str>) -> Option<Repository> {
        let (before, repository) = self.around("_git")?;
        let mut before: Vec<&str> =
            before.iter().map(String::as_str).filter(|part| !matches!(*part, "_optimized" | "_full")).collect();
        let organization = match organization {
            Some(organization) => {
                before.retain(|part| !part.eq_ignore_ascii_case("DefaultCollection"));
                organization
            }
            None => (!before.is_empty()).then(|| before.remove(0))?,
        };
        let [repository] = repository else { return None };
        let project = match before.as_slice() {
            [] => repository.as_str(),
            [project] => *project,
            _ => return None,
        };
        Some(Repository::at(ForgeKind::AzureDevOps, "https://dev.azure.com", &format!("{organization}/{project}/{repository}")))
    }

    /// `v3/organization/project/repository`.
    fn azure_ssh(&self) -> Option<Repository> {
        match self.parts.as_slice() {
            [version, rest @ ..] if version == "v3" && rest.len() == 3 => {
                Some(Repository::at(ForgeKind::AzureDevOps, "https://dev.azure.com", &rest.join("/")))
            }
            _ => None,
        }
    }

    fn self_hosted(&self) -> Option<Repository> {
        // Azure DevOps Server: /tfs/Collection/project/_git/repository.
        if let Some((before, [repository])) = self.around("_git")
            && let [context @ .., collection, project] = before
        {
            let server_url = [&[self.server_url()], context].concat().join("/");
            return Some(Repository::at(ForgeKind::AzureDevOps, &server_url, &format!("{collection}/{project}/{repository}")));
        }
        if let Some((context, repository @ [_, _])) = self.around("scm") {
            let server_url = [&[self.server_url()], context].concat().join("/");
            return Some(Repository::at(ForgeKind::BitbucketServer, &server_url, &without_git(repository)?));
        }
        if self.ssh_port == Some(BITBUCKET_SSH_PORT) {
            return self.two_parts(ForgeKind::BitbucketServer, &self.server_url());
        }
        let label = self.host.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
        match label {
            "github" | "ghe" => self.two_parts(ForgeKind::GitHub, &self.server_url()),
            "gitlab" => self.whole(ForgeKind::GitLab, &self.server_url()),
            "bitbucket" => self.two_parts(ForgeKind::BitbucketServer, &self.server_url()),
            "gitea" | "forgejo" => self.two_parts(ForgeKind::Gitea, &self.server_url()),
            _ => Some(Repository::at(ForgeKind::Other, &self.server_url(), &without_git(&self.parts)?)),
        }
    }

    /// Returns what stands before and after a part of the path.
    fn around(&self, part: &str) -> Option<(&[String], &[String])> {
        let position = self.parts.iter().position(|it| it.eq_ignore_ascii_case(part))?;
        Some((self.parts.get(..position)?, self.parts.get(position + 1..)?))
    }
}

/// Returns one part of a path, decoded; `None` when it would not be one any more.
fn part(encoded: &str) -> Option<String> {
    let part = percent_decode_str(encoded).decode_utf8().ok()?.into_owned();
    let bad = part.len() > LONGEST_PART || part == "." || part == ".." || part.contains(['/', '\\']);
    (!bad && !part.chars().any(char::is_control)).then_some(part)
}

fn without_git(parts: &[String]) -> Option<String> {
    let path = parts.join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path);
    (!path.is_empty() && !path.ends_with('/')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forge, server, API and path in one line.
    fn read(url: &str) -> Option<String> {
        let repository = Repository::of_clone_url(url)?;
        let api = repository.api_url.as_deref().unwrap_or("-");
        Some(format!("{} {} {api} {}", repository.forge.word(), repository.server_url, repository.path))
    }

    #[test]
    fn known_hosts_are_known_in_every_spelling() {
        let github = "github https://github.com https://api.github.com acme/pipelines";
        let gitlab = "gitlab https://gitlab.com https://gitlab.com/api/v4 acme/data/team/pipelines";
        let bitbucket = "bitbucket https://bitbucket.org https://api.bitbucket.org/2.0 acme/pipelines";
        let azure = "azure-devops https://dev.azure.com https://dev.azure.com/acme acme/Data Team/pipelines";
        let rows = [
            ("https://github.com/acme/pipelines", github),
            ("https://github.com/acme/pipelines.git", github),
            ("https://x-access-token:gho_1@github.com/acme/pipelines.git/", github),
            (" HTTPS://GitHub.com:443/acme/pipelines.git\n", github),
            ("git@github.com:acme/pipelines.git", github),
            ("github.com:/acme/pipelines.git", github),
            ("ssh://git@github.com/acme/pipelines.git", github),
            ("ssh://git@ssh.github.com:443/acme/pipelines.git", github),
            ("git://github.com/acme/pipelines.git", github),
            ("git+ssh://git@github.com/acme/pipelines", github),
            ("https://oauth2:glpat-1@gitlab.com/acme/data/team/pipelines.git", gitlab),
            ("git@gitlab.com:acme/data/team/pipelines.git", gitlab),
            ("https://ada@bitbucket.org/acme/pipelines.git", bitbucket),
            ("git@bitbucket.org:acme/pipelines.git", bitbucket),
            ("https://dev.azure.com/acme/Data%20Team/_git/pipelines", azure),
            ("https://acme@dev.azure.com/acme/Data%20Team/_git/pipelines", azure),
            ("https://dev.azure.com/acme/Data%20Team/_optimized/_git/pipelines", azure),
            ("git@ssh.dev.azure.com:v3/acme/Data%20Team/pipelines", azure),
            ("acme@vs-ssh.visualstudio.com:v3/acme/Data%20Team/pipelines", azure),
            ("https://acme.visualstudio.com/Data%20Team/_git/pipelines", azure),
            ("https://acme.visualstudio.com/DefaultCollection/Data%20Team/_git/pipelines", azure),
            (
                "https://acme.visualstudio.com/_git/pipelines",
                "azure-devops https://dev.azure.com https://dev.azure.com/acme acme/pipelines/pipelines",
            ),
            (
                "https://dev.azure.com/acme/_git/x.git",
                "azure-devops https://dev.azure.com https://dev.azure.com/acme acme/x.git/x.git",
            ),
            ("https://codeberg.org/acme/pipelines", "gitea https://codeberg.org https://codeberg.org/api/v1 acme/pipelines"),
            ("https://gitea.com/acme/pipelines", "gitea https://gitea.com https://gitea.com/api/v1 acme/pipelines"),
            ("git@acme.ghe.com:team/pipelines.git", "github https://acme.ghe.com https://api.acme.ghe.com team/pipelines"),
        ];
        for (url, expected) in rows {
            assert_eq!(read(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn the_form_of_the_url_and_the_hosts_name_tell_what_is_hosted_elsewhere() {
        let rows = [
            (
                "https://github.example.com/acme/pipelines.git",
                "github https://github.example.com https://github.example.com/api/v3 acme/pipelines",
            ),
            (
                "git@ghe.example.com:acme/pipelines",
                "github https://ghe.example.com https://ghe.example.com/api/v3 acme/pipelines",
            ),
            (
                "ssh://git@gitlab.example.com:2222/a/b/c.git",
                "gitlab https://gitlab.example.com https://gitlab.example.com/api/v4 a/b/c",
            ),
            (
                "https://gitlab-ci-token:1@gitlab.example.com:8443/a/b.git",
                "gitlab https://gitlab.example.com:8443 https://gitlab.example.com:8443/api/v4 a/b",
            ),
            (
                "https://git.example.com/scm/DATA/pipelines.git",
                "bitbucket-server https://git.example.com https://git.example.com/rest DATA/pipelines",
            ),
            (
                "https://example.com/bitbucket/scm/~ada/pipelines.git",
                "bitbucket-server https://example.com/bitbucket https://example.com/bitbucket/rest ~ada/pipelines",
            ),
            (
                "ssh://git@git.example.com:7999/DATA/pipelines.git",
                "bitbucket-server https://git.example.com https://git.example.com/rest DATA/pipelines",
            ),
            (
                "https://bitbucket.example.com/DATA/pipelines.git",
                "bitbucket-server https://bitbucket.example.com https://bitbucket.example.com/rest DATA/pipelines",
            ),
            (
                "https://tfs.example.com/tfs/Main/Data/_git/pipelines",
                "azure-devops https://tfs.example.com/tfs https://tfs.example.com/tfs/Main Main/Data/pipelines",
            ),
            (
                "http://gitea.example.com:3000/acme/pipelines.git",
                "gitea http://gitea.example.com:3000 http://gitea.example.com:3000/api/v1 acme/pipelines",
            ),
            ("git@forgejo.example.com:acme/p.git", "gitea https://forgejo.example.com https://forgejo.example.com/api/v1 acme/p"),
            ("https://git.example.com/acme/pipelines.git", "other https://git.example.com - acme/pipelines"),
            ("http://127.0.0.1:9/acme/demo.git", "other http://127.0.0.1:9 - acme/demo"),
            ("https://notgithub.com/acme/pipelines", "other https://notgithub.com - acme/pipelines"),
            (
                "https://github.com.example.com/acme/p",
                "github https://github.com.example.com https://github.com.example.com/api/v3 acme/p",
            ),
        ];
        for (url, expected) in rows {
            assert_eq!(read(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_a_repository_is_none() {
        let long = format!("https://github.com/acme/{}", "a".repeat(LONGEST_URL));
        let deep = format!("https://gitlab.com/{}", "a/".repeat(MOST_PARTS + 1));
        let rows = [
            "",
            ":",
            "/srv/git/repo",
            "../repo",
            "C:\\repo",
            "C:/repo",
            "file:///srv/git/repo.git",
            "s3://bucket/key.zip",
            "https://github.com",
            "https://github.com/acme",
            "https://github.com/acme/",
            "https://github.com/acme/pipelines/tree/main",
            "https://github.com/acme/.git",
            "https://github.com/acme/..%2f..%2fevil",
            "https://github.com/acme/%2e%2e",
            "https://github.com/acme/a%0Ab",
            "https://github.com/acme/%ff",
            "https://github.com/acme/a%5cb",
            "git@github.com:acme/a\nb",
            "ext::sh -c evil% :/a",
            "-oProxyCommand=evil:/a",
            "https://dev.azure.com/_git/pipelines",
            "https://dev.azure.com/acme/a/b/_git/pipelines",
            "git@ssh.dev.azure.com:v2/acme/a/b",
            "git-codecommit://x",
            &long,
            &deep,
        ];
        for url in rows {
            assert_eq!(read(url), None, "{url}");
        }
    }

    #[test]
    fn no_credential_is_kept() {
        let kept = |url: &str| format!("{:?}", Repository::of_clone_url(url));
        for url in [
            "https://ada:hunter2@github.com/acme/pipelines.git?token=hunter2#hunter2",
            "https://hunter2@git.example.com/acme/pipelines.git",
            "ssh://ada:hunter2@git.example.com/acme/pipelines.git",
            "ada:hunter2@git.example.com:acme/pipelines.git",
            "https://ada:hunter2@dev.azure.com/acme/a/_git/b",
        ] {
            assert!(!kept(url).contains("hunter2"), "{}", kept(url));
        }
    }
}
