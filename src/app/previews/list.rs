//! Lists previews, and tells what became of those that were swept.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use crate::app::outputs::hand_on;
use crate::app::previews::{make, sweep};
use crate::app::session::Session;
use crate::error::{Error, Result};
use crate::model::markup::MarkupStyle;
use crate::plan::preview::roll;
use crate::report::ink::Ink;
use crate::report::outputs;
use crate::report::previews::{
    Listed, Swept, SweptFate, object, swept_headline, swept_lines, swept_markdown, swept_object, table,
};
use crate::settings::values::Format;

/// Previews that are looked at the same time.
const AT_A_TIME: usize = 4;

/// Returns every preview that the token sees, or those of the named base, oldest first.
///
/// # Errors
/// `Kind::Auth` without a token; as the platform answers.
pub async fn listed(session: &Session) -> Result<Vec<Listed>> {
    let astro = sweep::astro(session).await?;
    let base = sweep::base(session, &astro).await?;
    let all = astro.deployments(None).await?;
    let names: BTreeMap<String, String> = all.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let mut previews = roll::marked(all);
    previews.retain(|preview| base.as_ref().is_none_or(|base| preview.mark.owner.base == *base));
    let each = previews.into_iter().map(|preview| {
        let (astro, base) = (&astro, names.get(preview.mark.owner.base.as_str()).cloned());
        async move {
            let last_deploy = make::last_deploy(astro, &preview.deployment.id).await?;
            Ok(Listed { preview, base, last_deploy })
        }
    });
    let listed: Vec<Result<Listed>> = futures_util::stream::iter(each).buffered(AT_A_TIME).collect().await;
    listed.into_iter().collect()
}

/// Prints the list and returns the exit code.
pub fn told(session: &Session, outcome: Result<Vec<Listed>>) -> u8 {
    let console = &session.console;
    let printed = outcome.and_then(|previews| match session.settings.report.format {
        Format::Json => console.json(&object(&previews)),
        Format::Text => table(&previews).iter().try_for_each(|line| console.data(line)),
    });
    ended(session, printed)
}

/// Prints what became of the swept previews and returns the exit code: that of the first failure.
pub fn told_of_sweep(session: &Session, outcome: Result<Vec<Swept>>) -> u8 {
    let console = &session.console;
    let printed = outcome.and_then(|swept| {
        let json = swept_object(&swept);
        match session.settings.report.format {
            Format::Json => console.json(&json)?,
            Format::Text => swept_lines(&swept).iter().try_for_each(|line| console.data(line))?,
        }
        let values = outputs::of_sweep(&swept_headline(&swept), &json);
        hand_on(&session.outlets(), console, values, &swept_markdown(&swept, Ink(MarkupStyle::Html)));
        let failure = swept.into_iter().find_map(|it| match it.fate {
            SweptFate::Failed(error) => Some(error),
            _ => None,
        });
        failure.map_or(Ok(()), Err)
    });
    ended(session, printed)
}

fn ended(session: &Session, outcome: Result<()>) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            let error: Error = error.map_text(|text| session.console.masked(text));
            session.console.error(&error);
            error.kind().exit_code()
        }
    }
}
