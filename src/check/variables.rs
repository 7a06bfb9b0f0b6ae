//! The environments that checks give their programs: what they need, and none of Liftoff's or the CI job's secrets.
//! It knows names of variables, not what runs.

use std::ffi::OsString;

use crate::env::children::is_withheld;
use crate::env::snapshot::Env;

/// What every program needs.
const ALWAYS: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "LD_LIBRARY_PATH",
];
/// What installing needs besides: credentials of package indexes and of git.
const INSTALLING: &[&str] = &["NETRC", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "CC", "CXX", "CFLAGS", "LDFLAGS"];
/// Prefixes of the same.
const INSTALLING_PREFIXES: &[&str] = &["UV_", "XDG_", "LC_", "KEYRING_"];
/// What the project's code gets besides, because it is meant for Airflow.
const AIRFLOW_PREFIXES: &[&str] = &["AIRFLOW_VAR_", "AIRFLOW_CONN_", "AIRFLOW__", "LC_"];
/// The largest `.env` in lines.
const MOST_LINES: usize = 10_000;

/// Variables by name.
pub type Variables = Vec<(String, OsString)>;

/// Returns the variables for the package installer, with those that requirements refer to as `${NAME}`.
#[must_use]
pub fn for_installing(env: &Env, referred: &[String]) -> Variables {
    let mut variables = chosen(env, |name| {
        ALWAYS.contains(&name)
            || INSTALLING.contains(&name)
            || INSTALLING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || referred.iter().any(|wanted| wanted == name)
    });
    let set = |variables: &Variables, name: &str| variables.iter().any(|(other, _)| other == name);
    // People who have told pip where packages are need not tell it again.
    for (of_pip, of_uv) in [("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")] {
        let has_own = set(&variables, of_uv) || set(&variables, "UV_INDEX_URL");
        if let Some(value) = env.raw(of_pip).filter(|_| !has_own) {
            variables.push((of_uv.to_owned(), value.into()));
        }
    }
    // Nothing is downloaded that nobody asked for; whoever wants uv's own Pythons says so.
    if !set(&variables, "UV_PYTHON_DOWNLOADS") {
        variables.push(("UV_PYTHON_DOWNLOADS".to_owned(), "never".into()));
    }
    variables
}

/// Returns the variables to start Python with.
#[must_use]
pub fn for_python(env: &Env) -> Variables {
    let mut variables = chosen(env, |name| ALWAYS.contains(&name));
    variables.push(("PYTHONDONTWRITEBYTECODE".to_owned(), "1".into()));
    variables.push(("PYTHONUNBUFFERED".to_owned(), "1".into()));
    variables
}

/// Returns the variables for the project's code: those of the environment that are meant for Airflow, overlaid by those of the
/// project's `.env`, which is read as `docker run --env-file` reads it.
#[must_use]
pub fn for_code(env: &Env, dotenv: &str) -> Vec<(String, String)> {
    let is_for_airflow = |name: &str| AIRFLOW_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let text = |(name, value): (String, OsString)| Some((name, value.into_string().ok()?));
    let mut variables: Vec<(String, String)> = chosen(env, is_for_airflow).into_iter().filter_map(text).collect();
    for line in dotenv.lines().take(MOST_LINES) {
        let line = line.trim_start();
        let (name, value) = match line.split_once('=') {
            _ if line.starts_with('#') => continue,
            Some((name, value)) => (name, value.to_owned()),
            None => match env.raw(line.trim_end()) {
                Some(value) => (line.trim_end(), value.to_owned()),
                None => continue,
            },
        };
        if is_name(name) && !is_withheld(name) && !value.contains('\0') {
            variables.retain(|(other, _)| other != name);
            variables.push((name.to_owned(), value));
        }
    }
    variables
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn chosen(env: &Env, wanted: impl Fn(&str) -> bool) -> Variables {
    let names = env.names().filter(|name| wanted(name) && !is_withheld(name));
    names.filter_map(|name| Some((name.to_owned(), OsString::from(env.raw(name)?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())), "/".into())
    }

    #[test]
    fn no_program_gets_what_it_does_not_need() {
        let env = env(&[
            ("PATH", "/bin"),
            ("ASTRO_API_TOKEN", "hunter2"),
            ("GITHUB_TOKEN", "hunter2"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AIRFLOW_VAR_X", "1"),
            ("PYPI_PASSWORD", "p"),
            ("UV_INDEX_ACME_PASSWORD", "p"),
        ]);
        let referred = ["PYPI_PASSWORD".to_owned(), "GITHUB_TOKEN".to_owned()];
        let names = |variables: Variables| variables.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let installing = names(for_installing(&env, &referred));
        assert_eq!(installing, ["PATH", "PYPI_PASSWORD", "UV_INDEX_ACME_PASSWORD", "UV_PYTHON_DOWNLOADS"]);
        assert_eq!(names(for_python(&env)), ["PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"]);
        assert_eq!(for_code(&env, ""), [("AIRFLOW_VAR_X".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn pips_own_index_serves_uv() {
        let value = |pairs: &[(&str, &str)], name: &str| {
            let found = for_installing(&env(pairs), &[]).into_iter().find(|(other, _)| other == name);
            found.and_then(|(_, value)| value.into_string().ok())
        };
        assert_eq!(value(&[("PIP_INDEX_URL", "https://a.example")], "UV_DEFAULT_INDEX").as_deref(), Some("https://a.example"));
        assert_eq!(
            value(&[("PIP_INDEX_URL", "https://a.example"), ("UV_INDEX_URL", "https://b.example")], "UV_DEFAULT_INDEX"),
            None
        );
        assert_eq!(value(&[("UV_PYTHON_DOWNLOADS", "automatic")], "UV_PYTHON_DOWNLOADS").as_deref(), Some("automatic"));
    }

    #[test]
    fn the_projects_own_file_is_read_as_docker_reads_it() {
        let env = env(&[("AIRFLOW_VAR_X", "1"), ("HANDED_ON", "h"), ("ASTRO_API_TOKEN", "hunter2")]);
        let text = "# remark\nAIRFLOW_VAR_X=2\nQUOTED=\"q\" # no remark\nHANDED_ON\nABSENT\nASTRO_API_TOKEN\nLIFTOFF_X=1\nno name=1\n=1\n";
        let expected = [("AIRFLOW_VAR_X", "2"), ("QUOTED", "\"q\" # no remark"), ("HANDED_ON", "h")];
        assert_eq!(for_code(&env, text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
