//! Whose tokens are meant: those of the Organization, of a Workspace or of a Deployment.

use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::connection::Query;
use crate::astro::named::{TOKENS, one_of};
use crate::cli::which::DeploymentArg;
use crate::error::{Error, Kind, Result};
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::plan::tokens::role_on;
use crate::settings::origin::Origin;

/// What the command line says about whose tokens are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The scope, when it is said.
    pub scope: Option<Scope>,
    /// The Deployment, when a flag names one.
    pub deployment: Option<String>,
}

/// Whose tokens are meant.
pub struct Place {
    /// The platform.
    pub astro: AstroClient,
    /// The scope.
    pub scope: Scope,
    /// Id of the Organization, Workspace or Deployment.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// Finds whose tokens are meant. Without a word of it: those of the Deployment that a flag names, else of the
/// Workspace that is set, else of whatever the run's own token belongs to.
///
/// # Errors
/// `Kind::Usage` when what is needed is not named, `Kind::NotFound` when there is none of that name, else as reads do.
pub async fn of(session: &Session, wanted: &Wanted) -> Result<Place> {
    let astro = scene::astro(session).await?;
    let by_flag = |name: &&str| matches!(session.settings.origins.get(name), Some((_, Origin::Flag(_))));
    let names_one = wanted.deployment.is_some() || ["deployment-id", "deployment-name"].iter().any(by_flag);
    let inferred = match (names_one, &session.settings.target.workspace) {
        (true, _) => Scope::Deployment,
        (false, Some(_)) => Scope::Workspace,
        (false, None) => astro.api_token().scope().unwrap_or(Scope::Organization),
    };
    let scope = wanted.scope.unwrap_or(inferred);
    if scope != Scope::Deployment && names_one {
        return Err(Error::new(Kind::Usage, format!("manage tokens of the {}", scope.name()))
            .because("a flag names a Deployment")
            .hint("leave that flag away, or say `--scope deployment`"));
    }
    let (id, name) = match scope {
        Scope::Organization => (astro.organization_id().await?.to_string(), "the Organization".to_owned()),
        Scope::Workspace => named(&scene::workspace(session, &astro).await?, "the Workspace"),
        Scope::Deployment => {
            let which = DeploymentArg { deployment: wanted.deployment.clone() };
            named(&scene::deployment(session, &astro, &which).await?, "the Deployment")
        }
    };
    Ok(Place { astro, scope, id, name })
}

fn named(record: &Record, what: &str) -> (String, String) {
    (record.id().to_owned(), format!("{what} {}", record.text("name")))
}

impl Place {
    /// Returns the tokens with a role here, wider ones included.
    ///
    /// # Errors
    /// As reads do.
    pub async fn tokens(&self) -> Result<Vec<Record>> {
        let query = match self.scope {
            Scope::Organization => ("includeOnlyOrganizationTokens", "true"),
            Scope::Workspace => ("workspaceId", self.id.as_str()),
            Scope::Deployment => ("deploymentId", self.id.as_str()),
        };
        self.listed(&[query]).await
    }

    /// Returns the tokens with a role here or, for the Organization, anywhere in it.
    ///
    /// # Errors
    /// As reads do.
    pub async fn tokens_below(&self) -> Result<Vec<Record>> {
        match self.scope {
            Scope::Organization => self.listed(&[]).await,
            Scope::Workspace | Scope::Deployment => self.tokens().await,
        }
    }

    async fn listed(&self, query: Query<'_>) -> Result<Vec<Record>> {
        self.astro.records(TOKENS.path, query, &format!("list the API tokens of {}", self.name)).await
    }

    /// Returns the one token of this id or exact name that belongs here, as the platform shows it by itself.
    ///
    /// # Errors
    /// `Kind::NotFound` for none or several, `Kind::Refused` for a wider token, which is changed where it belongs.
    pub async fn own(&self, wanted: &str) -> Result<Record> {
        let (own, wider): (Vec<Record>, Vec<Record>) =
            self.tokens().await?.into_iter().partition(|token| token.text("scope") == self.scope.word());
        match one_of(&TOKENS, own, wanted) {
            Ok(found) => self.read(found.id()).await,
            Err(error) => match wider.iter().find(|token| token.id() == wanted || token.text("name") == wanted) {
                Some(found) => Err(Error::new(Kind::Refused, format!("change the API token `{wanted}` of {}", self.name))
                    .because(format!("it belongs to the {}", found.text("scope").to_lowercase()))
                    .hint(format!("say `--scope {}`", found.text("scope").to_lowercase()))),
                None => Err(error),
            },
        }
    }

    /// Returns the one token of the Organization of this id or exact name, whatever it belongs to; one of the scope, when that is
    /// said and there is one.
    ///
    /// # Errors
    /// As `own`; listing the Organization's tokens takes an Organization Owner, reading one by its id may not.
    pub async fn any(&self, wanted: &str, of: Option<Scope>) -> Result<Record> {
        let meant = |token: &Record| token.id() == wanted || token.text(TOKENS.name) == wanted;
        let fits = |token: &Record| of.is_none_or(|of| token.text("scope") == of.word());
        let here: Vec<Record> = self.tokens().await?.into_iter().filter(meant).collect();
        let (fitting, others): (Vec<Record>, Vec<Record>) = here.into_iter().partition(fits);
        if !fitting.is_empty() {
            return self.read(one_of(&TOKENS, fitting, wanted)?.id()).await;
        }
        let query: Query<'_> = match of {
            Some(Scope::Workspace | Scope::Deployment) => &[],
            Some(Scope::Organization) | None => &[("includeOnlyOrganizationTokens", "true")],
        };
        let all = self.astro.records(TOKENS.path, query, "list the API tokens").await?;
        match one_of(&TOKENS, all.into_iter().filter(fits).collect(), wanted) {
            Err(_) if !others.is_empty() => self.read(one_of(&TOKENS, others, wanted)?.id()).await,
            found => self.read(found?.id()).await,
        }
    }

    /// Returns a token by its id.
    ///
    /// # Errors
    /// As reads do.
    pub async fn read(&self, id: &str) -> Result<Record> {
        self.astro.record(&["tokens", id], &format!("read the API token {id}")).await
    }

    /// Returns whether a token is the one that this run uses.
    #[must_use]
    pub fn is_in_use(&self, token: &Record) -> bool {
        self.astro.api_token().id.as_deref() == Some(token.id())
    }

    /// Returns the role that a token has here.
    #[must_use]
    pub fn role_of(&self, token: &Record) -> Option<String> {
        role_on(token, (self.scope, &self.id))
    }

    /// Returns the role, if it can be one here. Roles of Deployments may be custom, so any name will do.
    ///
    /// # Errors
    /// `Kind::Usage` for a role that the scope does not have, with the nearest.
    pub fn checked_role<'a>(&self, role: &'a str) -> Result<&'a str> {
        let known: &[&str] = match self.scope {
            Scope::Organization => ORGANIZATION_ROLES,
            Scope::Workspace => WORKSPACE_ROLES,
            Scope::Deployment => return Ok(role),
        };
        if known.contains(&role) {
            return Ok(role);
        }
        let error = Error::new(Kind::Usage, format!("give a token the role `{role}`")).because(format!(
            "tokens of the {} have the roles {}",
            self.scope.name(),
            known.join(", ")
        ));
        match crate::model::nearest::nearest(role, known.iter().copied()) {
            Some(near) => Err(error.hint(format!("did you mean `{near}`?"))),
            None => Err(error),
        }
    }
}

/// Roles of an Organization (`reference/astro-platform.md` 8.3).
const ORGANIZATION_ROLES: &[&str] = &[
    "ORGANIZATION_MEMBER",
    "ORGANIZATION_OBSERVE_MEMBER",
    "ORGANIZATION_OBSERVE_ADMIN",
    "ORGANIZATION_BILLING_ADMIN",
    "ORGANIZATION_OWNER",
];
/// Roles of a Workspace (`reference/astro-platform.md` 8.3).
const WORKSPACE_ROLES: &[&str] =
    &["WORKSPACE_ACCESSOR", "WORKSPACE_MEMBER", "WORKSPACE_AUTHOR", "WORKSPACE_OPERATOR", "WORKSPACE_OWNER"];
