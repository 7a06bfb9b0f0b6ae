//! The platform's rules for Runtime versions.
//! They are checked twice: on the Dockerfile before a build, and on the built image's label.

use crate::error::{Error, Kind, Result};
use crate::model::runtime::RuntimeVersion;

/// Oldest Runtime from which the platform upgrades to Airflow 3
/// (`reference/astro-platform.md` 3.8).
const AIRFLOW_3_NEEDS: &str = "12.0.0";

/// Checks that a Deployment on Runtime `current` may get an image with Runtime `offered_by_us`.
/// An empty `current` (no image yet) allows any; an empty `releases` skips the check that the
/// platform offers the version.
///
/// # Errors
/// `Kind::Refused` for a downgrade, a withdrawn version, a version that the platform does not
/// offer, and a jump to Airflow 3 from a Runtime that is too old.
pub fn check(current: &str, wanted: &RuntimeVersion, releases: &[String]) -> Result<()> {
    let refused = |because: String, hint: String| {
        Err(Error::new(Kind::Refused, format!("use Runtime {wanted}")).because(because).hint(hint))
    };
    let current = RuntimeVersion::parse(current);
    if let Some(current) = &current
        && wanted < current
    {
        return refused(
            format!("the Deployment runs Runtime {current}, and Astro does not downgrade by a deploy"),
            format!(
                "use {current} or newer in the Dockerfile's FROM; the way back to an older Runtime is a rollback in Astro's deploy history"
            ),
        );
    }
    if wanted.is_restricted() && current.as_ref() != Some(wanted) {
        return refused(
            "Astronomer withdrew this version".to_owned(),
            "use another version in the Dockerfile's FROM; the Runtime release notes say why it was withdrawn".to_owned(),
        );
    }
    let offered = || releases.iter().filter_map(|release| RuntimeVersion::parse(release));
    if !releases.is_empty() && !offered().any(|release| release == *wanted) {
        let mut newest: Vec<RuntimeVersion> =
            offered().filter(|release| release.airflow_major() == wanted.airflow_major()).collect();
        newest.sort();
        let newest: Vec<String> = newest.iter().rev().take(3).map(ToString::to_string).collect();
        return refused(
            "Astro does not offer this version".to_owned(),
            if newest.is_empty() {
                format!("Astro offers no Runtime with Airflow {}", wanted.airflow_major())
            } else {
                format!("Astro offers, for example, {}", newest.join(", "))
            },
        );
    }
    if let (Some(current), Some(needed)) = (&current, RuntimeVersion::parse(AIRFLOW_3_NEEDS))
        && current.airflow_major() == 2
        && wanted.airflow_major() >= 3
        && *current < needed
    {
        return refused(
            format!("the Deployment runs Runtime {current}, and Airflow 3 can only follow Runtime {needed} or newer"),
            format!("deploy Runtime {needed} or newer of Airflow 2 first, then Airflow 3"),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(current: &str, wanted: &str) -> Option<String> {
        let releases: Vec<String> = ["11.1.0", "11.9.0", "12.5.0", "12.6.0", "3.0-9", "3.1-4"].map(str::to_owned).to_vec();
        let wanted = RuntimeVersion::parse(wanted).expect("a version");
        check(current, &wanted, &releases).err().and_then(|error| error.cause().map(str::to_owned))
    }

    #[test]
    fn the_platforms_rules_are_kept() {
        assert_eq!(verdict("", "3.1-4"), None);
        assert_eq!(verdict("12.5.0", "12.5.0"), None);
        assert_eq!(verdict("12.5.0", "12.6.0"), None);
        assert_eq!(verdict("12.5.0", "3.1-4"), None);
        assert_eq!(verdict("3.0-9", "3.1-4"), None);
        let cases = [
            ("12.6.0", "12.5.0", "does not downgrade"),
            ("3.1-4", "12.6.0", "does not downgrade"),
            ("11.0.0", "11.1.0", "withdrew"),
            ("12.5.0", "12.7.0", "does not offer"),
            ("11.9.0", "3.1-4", "can only follow Runtime 12.0.0"),
        ];
        for (current, wanted, expected) in cases {
            let cause = verdict(current, wanted).unwrap_or_default();
            assert!(cause.contains(expected), "{current} to {wanted}: {cause}");
        }
    }

    #[test]
    fn a_withdrawn_version_that_already_runs_may_be_deployed_again() {
        assert_eq!(verdict("11.1.0", "11.1.0"), None);
    }
}
