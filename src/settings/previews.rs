//! The settings of previews: what they are like, how long they live, what they get from their base.
//! It checks forms; what a preview is made of is the business of `plan::preview`.

use std::time::Duration;

use crate::error::Result;
use crate::model::blueprint::HibernationSchedule;
use crate::settings::parse::{lifetime, quoted};
use crate::settings::reader::Reader;

/// The largest number of workers or previews that can be asked for.
const MOST: u32 = 1_000;

/// The settings of previews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previews {
    /// A fixed name.
    pub name: Option<String>,
    /// How a name is made otherwise.
    pub name_style: NameStyle,
    /// How long a preview lives after its last deploy; none for as long as its subject.
    pub lifetime: Option<Duration>,
    /// Most previews of one base; none for any number.
    pub limit: Option<u32>,
    /// Whether it is a development Deployment, which can hibernate.
    pub development_mode: bool,
    /// Whether components are doubled.
    pub high_availability: bool,
    /// Scheduler.
    pub scheduler: Size,
    /// Fewest workers of each queue; none for the base's.
    pub min_workers: Option<u32>,
    /// Most workers of each queue; none for the base's.
    pub max_workers: Option<u32>,
    /// When it sleeps.
    pub schedule: Option<HibernationSchedule>,
    /// Environment variables to set, and those to leave out, which have no value.
    pub variables: Vec<(String, String)>,
    /// Secret environment variables: the name, and the CI system's variable that holds the value.
    pub secrets: Vec<(String, String)>,
    /// Whether new DAGs start paused.
    pub paused: bool,
    /// DAGs to unpause after a deploy.
    pub unpause: Vec<String>,
    /// What is copied from the base's Airflow.
    pub copies: Copies,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

impl Default for Previews {
    fn default() -> Self {
        Self {
            name: None,
            name_style: NameStyle::Liftoff,
            lifetime: Some(Duration::from_secs(7 * 24 * 60 * 60)),
            limit: Some(20),
            development_mode: true,
            high_availability: false,
            scheduler: Size::Is("SMALL"),
            min_workers: Some(0),
            max_workers: None,
            schedule: Some(HibernationSchedule { hibernate_at: "0 3 * * *".to_owned(), wake_at: "0 6 * * 1-5".to_owned() }),
            variables: Vec::new(),
            secrets: Vec::new(),
            paused: true,
            unpause: Vec::new(),
            copies: Copies { connections: true, variables: true, pools: true, again: false },
            dry_run: false,
        }
    }
}

/// What is copied from the base's Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// Connections, without what is secret.
    pub connections: bool,
    /// Airflow variables, without what is secret.
    pub variables: bool,
    /// Pools.
    pub pools: bool,
    /// Copy into a preview that has been deployed to before, too.
    pub again: bool,
}

/// How a preview's name is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameStyle {
    /// Readable and different for every owner.
    Liftoff,
    /// As astronomer/deploy-action does: equal for branches that end alike.
    DeployAction,
}

/// The size of a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The base's.
    Base,
    /// The platform's word.
    Is(&'static str),
}

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
