//! Where a new secret value is to be kept, as a user names it. Whether it can be written is found out by others.

use std::fmt;
use std::path::PathBuf;

/// A place for a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// A secret of GitHub Actions.
    GitHubSecret {
        /// `owner/name`; the run's own repository when absent.
        repository: Option<String>,
        /// Environment of the repository; the repository itself when absent.
        environment: Option<String>,
        /// Name of the secret.
        name: String,
    },
    /// A CI/CD variable of GitLab.
    GitLabVariable {
        /// Full path of the project; the run's own when absent.
        project: Option<String>,
        /// Name of the variable.
        key: String,
        /// Environments that get it; when absent, those of the one variable of this name.
        scope: Option<String>,
    },
    /// A file that only its owner can read.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

impl Sink {
    /// Reads a sink such as `github-secret:acme/demo/ASTRO_API_TOKEN@production`.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "github-secret" => github(rest),
            "gitlab-variable" => gitlab(rest),
            "file" if !rest.is_empty() => Ok(Self::File(PathBuf::from(rest))),
            "stdout" if rest.is_empty() => Ok(Self::Stdout),
            _ => Err("expected `github-secret:[OWNER/REPO/]NAME[@ENVIRONMENT]`, `gitlab-variable:[PROJECT/]KEY[@SCOPE]`, \
                      `file:PATH` or `stdout`"
                .to_owned()),
        }
    }
}

fn github(text: &str) -> Result<Sink, String> {
    let (place, environment) = text.split_once('@').map_or((text, None), |(place, environment)| (place, Some(environment)));
    let (repository, name) = place.rsplit_once('/').map_or((None, place), |(repository, name)| (Some(repository), name));
    let starts_well =
        !name.starts_with(|first: char| first.is_ascii_digit()) && !name.to_ascii_uppercase().starts_with("GITHUB_");
    if !is_name(name) || !starts_well {
        return Err(format!("`{name}` is no name of a GitHub secret: letters, digits and `_`, and no GITHUB_ or digit in front"));
    }
    if repository.is_some_and(|repository| repository.split('/').filter(|part| !part.is_empty()).count() != 2) {
        return Err("the repository is not of the form OWNER/REPO".to_owned());
    }
    if environment.is_some_and(str::is_empty) {
        return Err("the environment behind `@` is empty".to_owned());
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Sink::GitHubSecret { repository: owned(repository), environment: owned(environment), name: name.to_owned() })
}

fn gitlab(text: &str) -> Result<Sink, String> {
    let (place, scope) = text.split_once('@').map_or((text, None), |(place, scope)| (place, Some(scope)));
    let (project, key) = place.rsplit_once('/').map_or((None, place), |(project, key)| (Some(project), key));
    if !is_name(key) || key.len() > 255 {
        return Err(format!("`{key}` is no name of a GitLab variable: letters, digits and `_`, at most 255"));
    }
    if scope.is_some_and(str::is_empty) {
        return Err("the environment scope behind `@` is empty".to_owned());
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Sink::GitLabVariable { project: owned(project), key: key.to_owned(), scope: owned(scope) })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHubSecret { repository, environment, name } => {
                write!(f, "the GitHub secret {name}")?;
                environment.iter().try_for_each(|environment| write!(f, " of the environment {environment}"))?;
                repository.iter().try_for_each(|repository| write!(f, " of {repository}"))
            }
            Self::GitLabVariable { project, key, scope } => {
                write!(f, "the GitLab variable {key}")?;
                scope.iter().try_for_each(|scope| write!(f, " of the environments {scope}"))?;
                project.iter().try_for_each(|project| write!(f, " of {project}"))
            }
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Stdout => f.write_str("standard output"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinks_are_read_and_told() {
        for (text, told) in [
            ("github-secret:ASTRO_API_TOKEN", "the GitHub secret ASTRO_API_TOKEN"),
            ("github-secret:acme/demo/T@prod", "the GitHub secret T of the environment prod of acme/demo"),
            ("gitlab-variable:acme/platform/demo/KEY", "the GitLab variable KEY of acme/platform/demo"),
            ("gitlab-variable:KEY", "the GitLab variable KEY"),
            ("gitlab-variable:acme/demo/KEY@review/*", "the GitLab variable KEY of the environments review/* of acme/demo"),
            ("file:a:b", "the file a:b"),
            ("stdout", "standard output"),
        ] {
            assert_eq!(Sink::parse(text).map(|sink| sink.to_string()).as_deref(), Ok(told), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_sink_is_refused() {
        for wrong in [
            "",
            "stdout:x",
            "file:",
            "github-secret:",
            "github-secret:1A",
            "github-secret:GITHUB_X",
            "github-secret:demo/T",
            "github-secret:a/b/c/T",
            "github-secret:T@",
            "github-secret:A B",
            "gitlab-variable:A-B",
            "gitlab-variable:A@",
            "vault:x",
        ] {
            assert!(Sink::parse(wrong).is_err(), "{wrong}");
        }
    }
}
