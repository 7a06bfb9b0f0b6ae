//! `liftoff organization`: the Organization itself, its roles, address ranges and clusters.

use reqwest::Method;
use serde_json::Value;

use crate::app::manage::token::place::Wanted;
use crate::app::manage::{audit, ip_ranges, organization_roles, organization_users, scene, teams, token};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::audit::Verb as AuditVerb;
use crate::cli::organization::{ClusterVerb, Switch, Verb};
use crate::error::{Error, Kind, Result};
use crate::model::permission::Scope;
use crate::model::record::Record;
use crate::report::answer::{Answer, Column, column};

/// Columns of the list of Organizations.
const COLUMNS: &[Column] =
    &[column("NAME", "name"), column("ID", "id"), column("PRODUCT", "product"), column("STATUS", "status")];
/// Columns of the list of clusters.
const CLUSTER_COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("ID", "id"),
    column("TYPE", "type"),
    column("PROVIDER", "cloudProvider"),
    column("REGION", "region"),
    column("STATUS", "status"),
];
/// Fields that an update must send, or else lose (`reference/astro-platform.md` 8.1).
const WRITTEN: &[&str] = &[
    "name",
    "billingEmail",
    "isScimEnabled",
    "allowEnhancedSupportAccess",
    "hasAiFeaturesDisabled",
    "shouldEnforceDedicatedClusters",
];

/// Runs a verb.
///
/// # Errors
/// As the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::List => list(&scene::astro(session).await?).await,
        Verb::Inspect => {
            let organization = own(&scene::astro(session).await?).await?;
            let lines = format!("{:#}", organization.clone().into_value()).lines().map(str::to_owned).collect();
            Ok(Answer::text(lines, organization.into_value()))
        }
        Verb::Update { name, billing_email, scim } => update(session, (name.as_deref(), billing_email.as_deref(), *scim)).await,
        Verb::User(verb) => organization_users::run(session, verb).await,
        Verb::Team(verb) => teams::run(session, verb).await,
        Verb::Role(verb) => organization_roles::run(session, verb).await,
        Verb::IpRange(verb) => ip_ranges::run(session, verb).await,
        Verb::Cluster(ClusterVerb::List) => {
            let astro = scene::astro(session).await?;
            let all = astro.records(&["clusters"], &[("sorts", "name:asc")], "list the clusters").await?;
            Ok(Answer::table("clusters", CLUSTER_COLUMNS, &all))
        }
        Verb::AuditLogs(AuditVerb::Export(export)) => audit::run::run(session, export).await,
        Verb::Token(verb) => {
            let wanted = Wanted { scope: Some(Scope::Organization), deployment: None };
            token::run::of(session, &wanted, verb).await
        }
    }
}

/// A token sees one Organization, a user perhaps several; so many that one page does not hold them is nobody in.
async fn list(astro: &AstroClient) -> Result<Answer> {
    let doing = "list the Organizations";
    let answer = astro.raw(Method::GET, &["organizations"], &[("limit", "1000")], None).await?;
    let page: Option<Record> = serde_json::from_slice::<Value>(&answer).ok().and_then(Record::of);
    let page = page.ok_or_else(|| Error::new(Kind::Transfer, doing).because("the answer is no JSON object"))?;
    Ok(Answer::table("organizations", COLUMNS, &page.records("organizations")))
}

async fn own(astro: &AstroClient) -> Result<Record> {
    astro.record(&[], "read the Organization").await
}

async fn update(session: &Session, (name, email, scim): (Option<&str>, Option<&str>, Option<Switch>)) -> Result<Answer> {
    let doing = "change the Organization";
    if (name, email, scim) == (None, None, None) {
        return Err(Error::new(Kind::Usage, doing)
            .because("nothing to change is named")
            .hint("give --name, --billing-email or --scim"));
    }
    let astro = scene::astro(session).await?;
    let before = own(&astro).await?;
    let mut body = before.only(WRITTEN);
    if before.value("billingEmail").is_none() {
        body.set("billingEmail", "");
    }
    name.iter().for_each(|&name| body.set("name", name));
    email.iter().for_each(|&email| body.set("billingEmail", email));
    scim.iter().for_each(|scim| body.set("isScimEnabled", scim.is_on()));
    if session.is_dry() {
        return Ok(Answer::done("would change the Organization", body.into_value()));
    }
    astro.update_record(&[], &body, doing).await?;
    let now = own(&astro).await?;
    scene::verified(&now, &body, doing)?;
    Ok(Answer::done("changed the Organization", now.into_value()))
}
