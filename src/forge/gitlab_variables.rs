//! CI/CD variables of a GitLab project: <https://docs.gitlab.com/api/project_level_variables/>.

use reqwest::Method;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::forge::interface::Connection;
use crate::forge::rest::{Outgoing, Rest, Words, decoded, name_parts};
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Least characters of a value that GitLab can mask.
const LEAST_MASKED: usize = 8;

const WORDS: Words = Words {
    forge: "GitLab",
    rights: "set `forge-token` to a token with the scope `api` and the role Maintainer; CI_JOB_TOKEN cannot write variables",
};

/// One variable.
pub struct GitLabVariable {
    rest: Rest,
    project: String,
    key: String,
    /// Environments that get it, once they are known.
    scope: Option<String>,
}

/// What a variable is like; what it holds is not read.
#[derive(Deserialize)]
struct WireVariable {
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    raw: bool,
    #[serde(default = "all")]
    environment_scope: String,
}

fn all() -> String {
    "*".to_owned()
}

impl GitLabVariable {
    /// Prepares a variable of the connection's project, of these environments or of those that it has; nothing is sent yet.
    ///
    /// # Errors
    /// As `Connect`.
    pub fn new(connection: &Connection, key: &str, scope: Option<&str>) -> Result<Self> {
        name_parts(connection, WORDS.forge, 2..=usize::MAX, "group/project")?;
        let credential = (HeaderName::from_static("private-token"), connection.token.expose().to_owned());
        let rest = Rest::new(connection, &connection.api_url, credential, WORDS)?;
        let (project, scope) = (connection.repository.path.clone(), scope.map(str::to_owned));
        Ok(Self { rest, project, key: key.to_owned(), scope })
    }

    /// Proves that the variable is one and that variables can be written here: looks it up, makes one that means nothing and
    /// deletes that again. Reading alone would not prove it, because the scope `read_api` may read only.
    ///
    /// # Errors
    /// As `store`, and `Kind::Refused` when several environments have a variable of this name each.
    pub async fn prove(&mut self) -> Result<()> {
        if let Some(present) = self.find().await? {
            self.scope = Some(present.environment_scope);
        }
        let probe = format!("LIFTOFF_PROBE_{}", self.key).chars().take(255).collect::<String>();
        let doing = "write a GitLab variable as a probe";
        let body = json!({ "key": probe, "value": "a probe of Liftoff", "masked": false, "protected": false });
        let made = self.rest.call(&Outgoing::json(Method::POST, self.url(&[]), &body)).await;
        match made {
            // One that an earlier run left behind is no reason to fail.
            Err(failure) if failure.status() != Some(400) => return Err(self.rest.explained(doing, failure)),
            Ok(_) | Err(_) => {}
        }
        self.rest.tell(doing, Outgoing::plain(Method::DELETE, self.url(&[&probe]))).await
    }

    /// Stores the value: masked, and protected, raw and scoped as the variable was; a new one is masked and raw.
    ///
    /// # Errors
    /// `Kind::Auth`, `Kind::Refused` or `Kind::NotFound` when GitLab refuses, `Kind::Transfer` when it cannot be reached.
    pub async fn store(&self, value: &Secret) -> Result<()> {
        let doing = format!("write the GitLab variable {}", self.key);
        if value.expose().len() < LEAST_MASKED {
            return Err(Error::new(Kind::Refused, doing).because("GitLab masks no value of less than 8 characters"));
        }
        let outgoing = match self.find().await? {
            Some(present) => {
                let body = self.body(value, &present);
                let scope = [("filter[environment_scope]", present.environment_scope.as_str())];
                let url = self.rest.url(&["projects", &self.project, "variables", &self.key], &scope);
                Outgoing::json(Method::PUT, url, &body)
            }
            None => {
                let fresh =
                    WireVariable { protected: false, raw: true, environment_scope: self.scope.clone().unwrap_or_else(all) };
                Outgoing::json(Method::POST, self.url(&[]), &self.body(value, &fresh))
            }
        };
        self.rest.tell(&doing, outgoing).await
    }

    fn body(&self, value: &Secret, like: &WireVariable) -> Value {
        let WireVariable { protected, raw, environment_scope } = like;
        json!({
            "key": self.key, "value": value.expose(), "masked": true, "protected": protected, "raw": raw,
            "environment_scope": environment_scope,
        })
    }

    async fn find(&self) -> Result<Option<WireVariable>> {
        let scope: Vec<_> = self.scope.iter().map(|scope| ("filter[environment_scope]", scope.as_str())).collect();
        let outgoing = Outgoing::plain(Method::GET, self.rest.url(&["projects", &self.project, "variables", &self.key], &scope));
        let doing = format!("look for the GitLab variable {}", self.key);
        let found = self.rest.call(&outgoing).await.and_then(|answer| decoded(&outgoing, &answer));
        found.map(Some).or_else(|failure| match failure.status() {
            Some(404) => Ok(None),
            Some(409) => Err(failure
                .into_error(&doing)
                .hint(format!("say which one by its environment scope: `--to gitlab-variable:{}@SCOPE`", self.key))),
            _ => Err(self.rest.explained(&doing, failure)),
        })
    }

    fn url(&self, rest: &[&str]) -> SafeUrl {
        self.rest.url(&[&["projects", &self.project, "variables"], rest].concat(), &[])
    }
}
