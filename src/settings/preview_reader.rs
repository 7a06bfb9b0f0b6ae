//! Reads the settings of previews and checks their forms.

use crate::error::Result;
use crate::model::blueprint::HibernationSchedule;
use crate::settings::parse::{lifetime, quoted};
use crate::settings::previews::{Copies, NameStyle, Previews, Size};
use crate::settings::reader::Reader;

/// The largest number of workers or previews that can be asked for.
const MOST: u32 = 1_000;

/// Reads the settings.
///
/// # Errors
/// Fails with `Kind::Usage` on values of a wrong form.
pub fn previews(reader: &Reader<'_>) -> Result<Previews> {
    let lifetime = lifetime(reader.word("preview-ttl")).map_err(|why| reader.wrong("preview-ttl", &why))?;
    Ok(Previews {
        name: reader.text("preview-name"),
        name_style: match reader.word("preview-name-style") {
            "deploy-action" => NameStyle::DeployAction,
            _ => NameStyle::Liftoff,
        },
        lifetime,
        limit: count(reader, "preview-limit", "none")?,
        development_mode: reader.is_on("preview-development-mode"),
        high_availability: reader.is_on("preview-high-availability"),
        scheduler: match reader.word("preview-scheduler-size") {
            "medium" => Size::Is("MEDIUM"),
            "large" => Size::Is("LARGE"),
            "extra-large" => Size::Is("EXTRA_LARGE"),
            "base" => Size::Base,
            _ => Size::Is("SMALL"),
        },
        min_workers: count(reader, "preview-min-workers", "base")?,
        max_workers: count(reader, "preview-max-workers", "base")?,
        schedule: schedule(reader)?,
        variables: variables(reader)?,
        secrets: secrets(reader)?,
        paused: reader.is_on("preview-paused"),
        unpause: reader.items("preview-unpause"),
        copies: Copies {
            connections: reader.is_on("copy-connections"),
            variables: reader.is_on("copy-airflow-variables"),
            pools: reader.is_on("copy-pools"),
            again: reader.is_on("copy-again"),
        },
        dry_run: reader.is_on("dry-run"),
    })
}

/// Reads a number, or the word that stands for none.
fn count(reader: &Reader<'_>, name: &str, none: &str) -> Result<Option<u32>> {
    let word = reader.word(name);
    if word.eq_ignore_ascii_case(none) {
        return Ok(None);
    }
    match word.parse() {
        Ok(number) if number <= MOST => Ok(Some(number)),
        _ => Err(reader.wrong(name, &format!("expected a number up to {MOST} or `{none}`, got {}", quoted(word)))),
    }
}

fn schedule(reader: &Reader<'_>) -> Result<Option<HibernationSchedule>> {
    let cron = |name: &str| {
        let fields = reader.word(name).split_ascii_whitespace().collect::<Vec<_>>();
        let plain = fields.iter().all(|field| field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*,-/".contains(&byte)));
        if fields.len() == 5 && plain {
            return Ok(fields.join(" "));
        }
        Err(reader.wrong(name, "expected five fields of cron in UTC, such as `0 20 * * *`, or `never`"))
    };
    if [reader.word("preview-hibernate-at"), reader.word("preview-wake-at")].iter().any(|word| word.eq_ignore_ascii_case("never"))
    {
        return Ok(None);
    }
    Ok(Some(HibernationSchedule { hibernate_at: cron("preview-hibernate-at")?, wake_at: cron("preview-wake-at")? }))
}

fn variables(reader: &Reader<'_>) -> Result<Vec<(String, String)>> {
    let pairs = reader.pairs("preview-variables")?;
    match pairs.iter().find(|(name, _)| !is_name(name)) {
        Some(_) => Err(reader.wrong("preview-variables", NAMES)),
        None => Ok(pairs),
    }
}

const NAMES: &str = "names have letters, digits and `_`, and no digit in front";

fn secrets(reader: &Reader<'_>) -> Result<Vec<(String, String)>> {
    let pair = |item: String| match item.split_once('=') {
        Some((name, variable)) => (name.trim().to_owned(), variable.trim().to_owned()),
        None => (item.clone(), item),
    };
    let pairs: Vec<(String, String)> = reader.items("preview-secrets").into_iter().map(pair).collect();
    // The item itself is not shown: whoever takes this setting for values has written one.
    match pairs.iter().find(|(name, variable)| !is_name(name) || !is_name(variable)) {
        Some(_) => Err(reader.wrong("preview-secrets", &format!("expected `NAME` or `NAME=VARIABLE`, never a value; {NAMES}"))),
        None => Ok(pairs),
    }
}

fn is_name(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}
