//! `liftoff access`: reads an access file and the platform, decides, and makes the changes one holder at a time.

use std::path::Path;

use serde_json::json;

use crate::app::manage::people::at_place;
use crate::app::manage::roles::{Changed, Subject, change, known_roles};
use crate::app::manage::{given, scene};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::astro::named::{DEPLOYMENTS, WORKSPACES};
use crate::cli::access::Verb;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::model::roles::{Holder, Place, RoleSet};
use crate::plan::access::decide::{AccessPlan, Change, Prune, Step, plan};
use crate::plan::access::facts::{Facts, Held, KnownPlace, Managed, Member};
use crate::plan::access::file::{AccessFile, PlaceName, parse};
use crate::report::access::{changes, planned, words};
use crate::report::answer::Answer;
use crate::report::rows::{Row, answer};

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Show,
    Apply,
}

/// Runs a verb.
///
/// # Errors
/// As the file, the decision and the platform; with several changes, as the worst of them.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::Apply { file, plan, prune } => {
            let prune = if *prune { Prune::On } else { Prune::Off };
            let wish = if *plan || session.is_dry() { Wish::Show } else { Wish::Apply };
            apply(session, file, (prune, wish)).await
        }
    }
}

async fn apply(session: &Session, path: &Path, (prune, wish): (Prune, Wish)) -> Result<Answer> {
    let name = path.display().to_string();
    let file = parse(&given::file(session, path)?, &name)?;
    let astro = scene::astro(session).await?;
    let facts = gather(&astro, &file).await?;
    let decided = plan(&file, &facts, prune, &name)?;
    if wish == Wish::Show || decided.changes.is_empty() {
        return Ok(planned(&decided, &name, scene::ink(session)));
    }
    decided.warnings.iter().for_each(|warning| session.console.notice(warning));
    perform(session, &astro, &decided).await
}

async fn perform(session: &Session, astro: &AstroClient, decided: &AccessPlan) -> Result<Answer> {
    let mut rows = Vec::new();
    let mut ownerless: Vec<Place> = Vec::new();
    for planned in &decided.changes {
        let (kept, now) = parted(planned, &ownerless);
        let row =
            |part: &Change, result| Row { who: format!("{} {}", part.holder.what(), part.name), wanted: words(part), result };
        if !now.steps.is_empty() {
            let subject = Subject { holder: now.holder, id: now.id.clone(), name: now.name.clone() };
            let made = change(session, astro, &subject, |_| Ok(now.edits())).await;
            if made.is_err() && now.holder != Holder::Token {
                ownerless.extend(now.steps.iter().filter(|step| step.makes_owner()).map(|step| step.edit.place.clone()));
            }
            rows.push(row(&now, made.map(|made| if made == Changed::Nothing { "unchanged" } else { "changed" }.to_owned())));
        }
        if !kept.steps.is_empty() {
            rows.push(row(&kept, Err(kept_for_now(&kept))));
        }
    }
    let mut told = answer("make all changes of the file", &rows);
    if let Some(json) = told.json.as_object_mut() {
        json.insert("changes".to_owned(), json!(changes(decided)));
        json.insert("unchanged".to_owned(), json!(decided.unchanged));
        json.insert("warnings".to_owned(), json!(decided.warnings));
    }
    Ok(told)
}

/// Returns what of a change has to wait, because it ends an owner of a place that did not get its new one, and what has not.
fn parted(change: &Change, ownerless: &[Place]) -> (Change, Change) {
    let waits = |step: &Step| change.holder != Holder::Token && step.ends_owner() && ownerless.contains(&step.edit.place);
    let (kept, now) = change.steps.iter().cloned().partition(waits);
    (Change { steps: kept, ..change.clone() }, Change { steps: now, ..change.clone() })
}

fn kept_for_now(change: &Change) -> Error {
    Error::new(Kind::Refused, format!("change the roles of the {} {}", change.holder.what(), change.name))
        .because("it stays an owner, because the one who shall follow did not become one")
        .hint("run again once the reason is gone")
}

/// Reads whatever the decision needs.
async fn gather(astro: &AstroClient, file: &AccessFile) -> Result<Facts> {
    let mut facts = Facts { own_token: astro.own_token_id().map(str::to_owned), ..Facts::default() };
    let is_about = |holder: Holder| file.lists.iter().any(|list| list.holder == holder);
    for list in &file.lists {
        if facts.places.iter().any(|place| place.name == list.place) {
            continue;
        }
        let place = resolved(astro, &list.place).await?;
        let mut known =
            KnownPlace { name: list.place.clone(), roles: known_roles(astro, &place).await?, place, held: Vec::new() };
        for &holder in Holder::ALL {
            // Owners are counted among users and teams whatever the file is about.
            if holder != Holder::Token || is_about(Holder::Token) {
                let there = at_place(astro, holder, &known.place).await?;
                known.held.extend(there.iter().filter_map(|record| held(holder, record, &known.place)));
                there.iter().for_each(|record| add(&mut facts.members, holder, record));
            }
        }
        facts.places.push(known);
    }
    for &holder in Holder::ALL {
        if !is_about(holder) {
            continue;
        }
        match at_place(astro, holder, &Place::Organization).await {
            Ok(all) => all.iter().for_each(|record| add(&mut facts.members, holder, record)),
            // A Workspace's own token sees the tokens of its Workspace only.
            Err(error) if holder == Holder::Token && error.kind() != Kind::Transfer => {}
            Err(error) => return Err(error),
        }
    }
    Ok(facts)
}

async fn resolved(astro: &AstroClient, name: &PlaceName) -> Result<Place> {
    Ok(match name {
        PlaceName::Organization => Place::Organization,
        PlaceName::Workspace(name) => Place::Workspace(astro.find_record(&WORKSPACES, &[], name).await?.id().to_owned()),
        PlaceName::Deployment { workspace, deployment } => {
            let workspace = astro.find_record(&WORKSPACES, &[], workspace).await?;
            let query = [("workspaceIds", workspace.id())];
            Place::Deployment(astro.find_record(&DEPLOYMENTS, &query, deployment).await?.id().to_owned())
        }
    })
}

fn held(holder: Holder, record: &Record, place: &Place) -> Option<Held> {
    let role = RoleSet::of(holder, record).role(place)?.to_owned();
    Some(Held { holder, id: record.id().to_owned(), role })
}

fn add(members: &mut Vec<Member>, holder: Holder, record: &Record) {
    if members.iter().any(|member| (member.holder, member.id.as_str()) == (holder, record.id())) {
        return;
    }
    members.push(Member {
        holder,
        id: record.id().to_owned(),
        name: record.text(holder.name_field()).to_owned(),
        is_active: holder != Holder::User || record.text("status") == "ACTIVE",
        managed: if record.flag("isIdpManaged") { Managed::ByIdp } else { Managed::Here },
        home: record.text("scope").to_owned(),
    });
}
