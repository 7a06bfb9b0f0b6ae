//! `deployment hibernate` and `deployment wake-up`: the override of a development Deployment's schedule.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::app::manage::deployments::wait;
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::cli::deployment_flags::Sleep;
use crate::error::{Error, Kind, Result};
use crate::model::deployment::{HibernationOverride, Rest};
use crate::model::ids::DeploymentId;
use crate::report::answer::Answer;

/// Overrides the schedule, or removes the override.
///
/// # Errors
/// `Kind::Usage` for a time that is none or is over, `Kind::Refused` for a Deployment that cannot hibernate, else as the
/// platform answers.
pub async fn overridden(session: &Session, given: &Sleep, rest: Rest) -> Result<Answer> {
    let until = until(given, Timestamp::now())?;
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which.named()).await?;
    let (id, name) = (DeploymentId::new(deployment.id()), deployment.text("name"));
    if !deployment.flag("isDevelopmentMode") {
        return Err(Error::new(Kind::Refused, format!("override the hibernation of {name}"))
            .because("only Deployments in development mode hibernate")
            .hint("development mode is chosen when a Deployment is created"));
    }
    let dry = session.is_dry();
    if given.remove_override {
        if !dry {
            astro.remove_hibernation_override(&id).await?;
        }
        let did = if dry { "would remove" } else { "removed" };
        let sentence = format!("{did} the override: {name} follows its schedule");
        return Ok(Answer::done(sentence, json!({ "id": id.as_str(), "override": Value::Null })));
    }
    let hibernate = rest == Rest::Hibernates;
    let wanted = HibernationOverride { hibernate, until: until.clone() };
    if !dry {
        astro.set_hibernation_override(&id, &wanted).await?;
    }
    let what = match (dry, hibernate) {
        (true, true) => "would put to sleep",
        (true, false) => "would wake",
        (false, true) => "put to sleep",
        (false, false) => "woke",
    };
    let (what, end) = (what, until.as_deref().unwrap_or("the override is removed"));
    let object = json!({ "id": id.as_str(), "override": { "isHibernating": hibernate, "overrideUntil": until } });
    Ok(Answer::done(format!("{what} {name} until {end}"), object))
}

/// Returns the end in the platform's form (`reference/astro-platform.md` 5.6).
fn until(given: &Sleep, now: Timestamp) -> Result<Option<String>> {
    let refused = |because: String| Error::new(Kind::Usage, "tell until when").because(because);
    let end = match (&given.length, &given.until) {
        (Some(length), _) => {
            let length = SignedDuration::try_from(wait::time("--for", length)?).map_err(|error| refused(error.to_string()))?;
            now.checked_add(length).map_err(|error| refused(error.to_string()))?
        }
        (None, Some(until)) => until
            .parse()
            .map_err(|_| refused(format!("`{until}` is no time")).hint("write it in RFC 3339, such as `2026-12-01T06:00:00Z`"))?,
        (None, None) => return Ok(None),
    };
    if end <= now {
        return Err(refused(format!("{end} is over")));
    }
    Ok(Some(end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}
