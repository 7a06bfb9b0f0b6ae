//! What a copy left out, and why, in words that follow "was not copied" and hold no value.
//! It knows neither how things are copied nor who reads the words.

use std::fmt;

use crate::model::airflow::ObjectKind;

/// Most keys that are named.
const MOST_KEYS: usize = 10;

/// Something that was not copied, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The kind.
    pub kind: ObjectKind,
    /// The object's name; `None` for all objects of the kind, or for some whose names Airflow does not tell.
    pub name: Option<String>,
    /// The reasons; at least one.
    pub why: Vec<Why>,
}

/// Why something was not copied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The connection's password, which the target lacks.
    Password,
    /// The connection's password if it has one: Airflow 2 does not tell.
    PerhapsPassword,
    /// Keys of the connection's extra which hold secrets and which the target lacks.
    ExtraKeys(Vec<String>),
    /// The connection's whole extra: it cannot be read, or holds a secret outside a JSON object.
    Extra,
    /// The target's extra holds secrets or cannot be read, so that changing it would destroy them.
    TargetExtra,
    /// This field came masked.
    Masked(&'static str),
    /// The variable's value is a secret or holds some, and the target has no such variable.
    SecretValue,
    /// The target's value holds secrets, which a change would destroy.
    TargetValue,
    /// Airflow 3 shows `2.10` as `2.1`, so that the value may be spelled differently. The value was copied.
    Spelling,
    /// Astro's Environment Manager delivers an object of this name to the target.
    Managed,
    /// No address can hold the name.
    Name,
    /// So many objects that the source's Airflow itself cannot show.
    Unread(usize),
    /// It failed; the reason holds no value.
    Failed(String),
}

impl Why {
    /// Returns whether nothing at all of the object was copied.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::SecretValue | Self::TargetValue | Self::Managed | Self::Name | Self::Unread(_) | Self::Failed(_))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password => f.write_str("its password"),
            Self::PerhapsPassword => f.write_str("its password, if it has one"),
            Self::ExtraKeys(keys) => {
                let named: Vec<String> = keys.iter().take(MOST_KEYS).map(|key| format!("`{key}`")).collect();
                let word = if keys.len() == 1 { "key" } else { "keys" };
                write!(f, "its extra {word} {}", named.join(", "))?;
                if keys.len() > MOST_KEYS { write!(f, " and {} more", keys.len() - MOST_KEYS) } else { Ok(()) }
            }
            Self::Extra => f.write_str("its extra, which Airflow does not show"),
            Self::TargetExtra => f.write_str("its extra, because the target's holds secrets of its own"),
            Self::Masked(field) => write!(f, "its {field}, which Airflow masks"),
            Self::SecretValue => f.write_str("its value is secret"),
            Self::TargetValue => f.write_str("the target's value holds secrets of its own"),
            Self::Spelling => f.write_str("the spelling of its number, which Airflow does not show (2.10 reads 2.1)"),
            Self::Managed => f.write_str("the Environment Manager delivers it"),
            Self::Name => f.write_str("no address can hold its name"),
            Self::Unread(1) => f.write_str("one that Airflow itself cannot show"),
            Self::Unread(count) => write!(f, "{count} that Airflow itself cannot show"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} `{}`: ", self.kind, name.escape_debug())?,
            None => write!(f, "{}: ", self.kind.plural())?,
        }
        let why: Vec<String> = self.why.iter().map(Why::to_string).collect();
        f.write_str(&why.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_name_what_is_missing() {
        let left = |name: Option<&str>, why| Left { kind: ObjectKind::Connection, name: name.map(str::to_owned), why };
        let keys = |count: usize| (0..count).map(|key| format!("k{key}")).collect();
        for (left, words) in [
            (
                left(Some("db"), vec![Why::Password, Why::ExtraKeys(keys(2))]),
                "connection `db`: its password; its extra keys `k0`, `k1`",
            ),
            (left(Some("a\nb"), vec![Why::ExtraKeys(keys(1))]), "connection `a\\nb`: its extra key `k0`"),
            (left(None, vec![Why::Unread(2)]), "connections: 2 that Airflow itself cannot show"),
        ] {
            assert_eq!(left.to_string(), words);
        }
        assert!(Why::ExtraKeys(keys(12)).to_string().ends_with("`k9` and 2 more"));
    }
}
