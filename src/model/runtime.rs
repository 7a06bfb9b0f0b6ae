//! Runtime versions and their order.
//! Grammar and order: `reference/astro-platform.md` 3.8 and `reference/astro-docs.md` 10.1.

use std::cmp::Ordering;
use std::fmt;

/// A Runtime version in the old form (`12.5.0`, Airflow 2) or the new form (`3.1-4`, Airflow 3).
/// Every new-form version is newer than every old-form one; a pre-release is older than its
/// release. Image tag suffixes such as `-base` or `-python-3.12` are not part of the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeVersion {
    form: Form,
    numbers: [u64; 3],
    pre: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Old,
    New,
}

impl RuntimeVersion {
    /// Parses a version or an image tag that starts with one: `12.5.0`, `v12.5.0-base`,
    /// `3.1-4`, `3.1-4-python-3.12-slim`, `3.1-1.alpha1`. Returns `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (first, rest) = number(text)?;
        let (second, rest) = number(rest.strip_prefix('.')?)?;
        let (form, (third, rest)) = match rest.as_bytes().first()? {
            b'.' => (Form::Old, number(&rest[1..])?),
            b'-' => (Form::New, number(&rest[1..])?),
            _ => return None,
        };
        let pre = match rest.as_bytes().first() {
            None => None,
            Some(b'.' | b'-') => {
                let word = rest[1..].split('-').next().unwrap_or_default();
                let flavour = matches!(word, "base" | "slim" | "python") || word.starts_with("ubi");
                if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
                    return None;
                }
                (!flavour).then(|| word.to_owned())
            }
            Some(_) => return None,
        };
        Some(Self { form, numbers: [first, second, third], pre })
    }

    /// Returns Airflow's major version.
    #[must_use]
    pub const fn airflow_major(&self) -> u64 {
        match self.form {
            Form::Old => 2,
            Form::New => self.numbers[0],
        }
    }

    /// Returns the line of Airflow versions in it, such as 2.11; none for a Runtime that no line is known of.
    /// Source: `reference/astro-docs.md` 10.1.
    #[must_use]
    pub const fn airflow_line(&self) -> Option<(u64, u64)> {
        match (self.form, self.numbers) {
            (Form::Old, [major @ 4..=13, ..]) => Some((2, major - 2)),
            (Form::Old, _) => None,
            (Form::New, [major, minor, _]) => Some((major, minor)),
        }
    }

    /// Returns whether the platform withdrew this version. Source: the restricted versions of
    /// the Runtime lifecycle policy (`reference/astro-docs.md` 4.6), as of August 2026.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.form == Form::Old
            && match self.numbers {
                [8, 0, 0] | [9, 0, 0] => true,
                [9, minor, _] => (1..=6).contains(&minor),
                [11, minor, _] => minor <= 1,
                _ => false,
            }
    }
}

/// A version of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Python {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
}

impl Python {
    /// Returns the version that a Runtime image's name chooses, such as 3.12 for
    /// `…/runtime:3.1-4-python-3.12-base`; `None` when it leaves that to the image.
    #[must_use]
    pub fn of_image(name: &str) -> Option<Self> {
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        // What stands behind a port is no tag.
        let (_, tag) = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
        let (_, version) = tag.split_once("-python-")?;
        let (major, minor) = version.split('-').next()?.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl PartialOrd for RuntimeVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RuntimeVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.form, self.numbers).cmp(&(other.form, other.numbers)).then_with(|| match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(two)) => one.cmp(two),
        })
    }
}

impl fmt::Display for RuntimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third] = self.numbers;
        match self.form {
            Form::Old => write!(f, "{first}.{second}.{third}")?,
            Form::New => write!(f, "{first}.{second}-{third}")?,
        }
        match (&self.pre, self.form) {
            (None, _) => Ok(()),
            (Some(pre), Form::Old) => write!(f, "-{pre}"),
            (Some(pre), Form::New) => write!(f, ".{pre}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> RuntimeVersion {
        RuntimeVersion::parse(text).unwrap_or_else(|| panic!("{text} is a version"))
    }

    #[test]
    fn versions_are_ordered_as_the_platform_orders_them() {
        let ascending = [
            "4.1.0",
            "9.6.0",
            "11.10.0",
            "12.0.0-alpha1",
            "12.0.0",
            "12.5.0",
            "3.0-1",
            "3.0-9",
            "3.0-10",
            "3.1-1.alpha1",
            "3.1-1",
        ];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn flavours_are_not_part_of_the_version() {
        assert_eq!(version("3.1-4-python-3.12-base"), version("3.1-4"));
        assert_eq!(version("12.5.0-slim"), version("v12.5.0"));
        assert_eq!(version("12.5.0-base").to_string(), "12.5.0");
        assert_eq!(version("3.1-1.alpha1").to_string(), "3.1-1.alpha1");
        for text in ["", "latest", "3.1", "3", "3.1-", "3.x-1", "12.5", "${VERSION}", "3.1-4-"] {
            assert_eq!(RuntimeVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn airflow_follows_from_the_form() {
        assert_eq!(version("12.5.0").airflow_major(), 2);
        assert_eq!(version("3.1-4").airflow_major(), 3);
        assert!(version("9.4.0").is_restricted());
        assert!(!version("9.7.0").is_restricted());
    }

    #[test]
    fn the_name_of_an_image_may_choose_a_python() {
        let cases = [
            ("astrocrpublic.azurecr.io/runtime:3.1-4-python-3.12-base", Some((3, 12))),
            ("quay.io/astronomer/astro-runtime:12.5.0-python-3.9", Some((3, 9))),
            ("astrocrpublic.azurecr.io/runtime:3.1-4-python-3.12@sha256:0", Some((3, 12))),
            ("astrocrpublic.azurecr.io/runtime:3.1-4", None),
            ("localhost:5000/runtime-python-3.12", None),
            ("runtime:3.1-4-python-x", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Python::of_image(name).map(|python| (python.major, python.minor)), expected, "{name}");
        }
    }
}
