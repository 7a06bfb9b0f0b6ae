//! Which Airflow and which Python a check needs, as versions.
//! It compares numbers; what is installed it does not know.

use crate::model::runtime::{Python, RuntimeVersion};

/// A version of Airflow, or a line of versions such as `3.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Airflow {
    major: u64,
    minor: u64,
    patch: Option<u64>,
}

/// For each line a day on which its newest version or a late one was out, and what it needs still fitted. Airflow names the
/// lowest versions of what it needs, not the highest, and its own lists of those are in no package registry. Each was resolved
/// with uv 0.13.9.
const DAYS: &[((u64, u64), &str)] = &[
    ((2, 7), "2023-12-01"),
    ((2, 8), "2024-04-05"),
    ((2, 9), "2024-08-01"),
    ((2, 10), "2025-03-15"),
    ((2, 11), "2025-06-15"),
    ((3, 0), "2025-09-10"),
    ((3, 1), "2026-04-01"),
    ((3, 2), "2026-07-01"),
    ((3, 3), "2026-11-01"),
];

impl Airflow {
    /// Parses `3.1` or `2.11.0`; what follows the third number, such as `+astro.1`, is left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let number = |part: &str| -> Option<u64> {
            let digits: String = part.chars().take_while(char::is_ascii_digit).take(6).collect();
            digits.parse().ok()
        };
        let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
        Some(Self { major, minor, patch: parts.next().and_then(number) })
    }

    /// Returns the line in a Runtime.
    #[must_use]
    pub fn of_runtime(runtime: &RuntimeVersion) -> Option<Self> {
        let (major, minor) = runtime.airflow_line()?;
        Some(Self { major, minor, patch: None })
    }

    /// Returns what a package installer understands: `apache-airflow==3.1.*`.
    #[must_use]
    pub fn requirement(&self) -> String {
        match self.patch {
            Some(patch) => format!("apache-airflow=={}.{}.{patch}", self.major, self.minor),
            None => format!("apache-airflow=={}.{}.*", self.major, self.minor),
        }
    }

    /// Returns the day whose packages fit; none for a line that is newer than this program.
    #[must_use]
    pub fn day(&self) -> Option<&'static str> {
        DAYS.iter().find(|(line, _)| *line == (self.major, self.minor)).map(|(_, day)| *day)
    }

    /// Returns the Pythons to try, the best first: the one that somebody chose, the Runtime's own, then others that this
    /// Airflow runs on. Source: Airflow's "Prerequisites" of each version.
    #[must_use]
    pub fn pythons(&self, chosen: Option<Python>) -> Vec<Python> {
        let (own, oldest, newest) = match (self.major, self.minor) {
            (2, ..=8) => (11, 8, 11),
            (2, 9) => (11, 8, 12),
            (2, _) => (12, 9, 12),
            (3, 0) => (12, 9, 12),
            _ => (12, 10, 13),
        };
        let mut minors: Vec<u8> = vec![own];
        // Close ones first, and rather a newer one, which knows all of an older one's syntax.
        minors.extend((own + 1..=newest).chain((oldest..own).rev()));
        let mut pythons: Vec<Python> = chosen.into_iter().collect();
        let others = minors.into_iter().map(|minor| Python { major: 3, minor });
        pythons.extend(others.filter(|python| Some(*python) != chosen));
        pythons
    }
}

impl std::fmt::Display for Airflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_become_requirements() {
        let cases = [
            ("3.1.8", Some("apache-airflow==3.1.8"), Some("2026-04-01")),
            ("3.1", Some("apache-airflow==3.1.*"), Some("2026-04-01")),
            ("2.11.0+astro.1", Some("apache-airflow==2.11.0"), Some("2025-06-15")),
            ("9.9", Some("apache-airflow==9.9.*"), None),
            ("", None, None),
            ("x.1", None, None),
        ];
        for (text, requirement, day) in cases {
            let airflow = Airflow::parse(text);
            assert_eq!(airflow.as_ref().map(Airflow::requirement).as_deref(), requirement, "{text}");
            assert_eq!(airflow.as_ref().and_then(Airflow::day), day, "{text}");
        }
    }

    #[test]
    fn a_runtime_tells_the_line() {
        let line = |text: &str| RuntimeVersion::parse(text).and_then(|it| Airflow::of_runtime(&it)).map(|it| it.to_string());
        assert_eq!(line("3.1-4").as_deref(), Some("3.1"));
        assert_eq!(line("13.2.0").as_deref(), Some("2.11"));
        assert_eq!(line("9.0.0").as_deref(), Some("2.7"));
        assert_eq!(line("99.0.0"), None);
    }

    #[test]
    fn the_chosen_python_is_tried_first() {
        let minors = |text: &str, chosen: Option<u8>| -> Vec<u8> {
            let chosen = chosen.map(|minor| Python { major: 3, minor });
            Airflow::parse(text).expect("a version").pythons(chosen).into_iter().map(|python| python.minor).collect()
        };
        assert_eq!(minors("3.1", None), [12, 13, 11, 10]);
        assert_eq!(minors("2.8", Some(9)), [9, 11, 10, 8]);
        assert_eq!(minors("3.1", Some(13)), [13, 12, 11, 10]);
    }
}
