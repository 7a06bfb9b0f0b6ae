//! Names of previews: readable, different for every owner, and the same in every run.

use crate::model::fingerprint::Fingerprinter;
use crate::model::preview::{Owner, Subject};
use crate::settings::previews::NameStyle;

/// Most characters of the base Deployment's name in a preview's.
const BASE_ROOM: usize = 40;
/// Most characters of the branch.
const BRANCH_ROOM: usize = 40;
/// Characters of the code that tells equal names apart: 36^6 are two thousand million.
const CODE: usize = 6;

/// Returns the name of a preview: `demo-pr-7-feature-a-1x9k2c`, where the last part stands for
/// everything that cannot be seen before it. With `NameStyle::DeployAction` it is what
/// astronomer/deploy-action makes: the branch's last part, `_`, the base's name, blanks as `_`.
#[must_use]
pub fn name(owner: &Owner, branch: &str, base: &str, style: NameStyle) -> String {
    if style == NameStyle::DeployAction {
        let last = branch.rsplit('/').next().unwrap_or(branch);
        return format!("{last}_{base}").replace(' ', "_");
    }
    let mut parts = vec![slug(base, BASE_ROOM)];
    if let Subject::PullRequest(number) = owner.subject {
        parts.push(format!("pr-{number}"));
    }
    parts.push(slug(branch, BRANCH_ROOM));
    parts.push(code(owner));
    parts.retain(|part| !part.is_empty());
    parts.join("-")
}

/// Lower-case letters, digits and single dashes.
fn slug(text: &str, room: usize) -> String {
    let mut slug = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if slug.len() >= room {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn code(owner: &Owner) -> String {
    let mut fingerprinter = Fingerprinter::new("preview");
    let subject = match &owner.subject {
        Subject::PullRequest(number) => ("pull request", number.to_string()),
        Subject::Branch(branch) => ("branch", branch.clone()),
    };
    for (name, value) in [
        ("repository", owner.repository.as_str()),
        ("project", &owner.project),
        ("base", owner.base.as_str()),
        (subject.0, &subject.1),
    ] {
        fingerprinter.value(name, value.as_bytes());
    }
    let mut bits = fingerprinter
        .finish()
        .to_string()
        .bytes()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(byte) + 1));
    // The low bits of such a sum repeat soon.
    bits >>= 16;
    (0..CODE)
        .filter_map(|_| {
            let digit = u32::try_from(bits % 36).ok()?;
            bits /= 36;
            char::from_digit(digit, 36)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::ids::DeploymentId;

    fn owner(subject: Subject) -> Owner {
        Owner { repository: "github.com/acme/demo".into(), project: String::new(), subject, base: DeploymentId::new("cm1") }
    }

    fn named(subject: Subject, branch: &str) -> String {
        name(&owner(subject), branch, "Production EU", NameStyle::Liftoff)
    }

    #[test]
    fn names_are_readable_and_stable() {
        let name = named(Subject::PullRequest(7), "feature/a");
        assert_eq!(name, named(Subject::PullRequest(7), "feature/a"));
        assert!(name.starts_with("production-eu-pr-7-feature-a-") && name.len() == "production-eu-pr-7-feature-a-".len() + CODE);
        assert!(named(Subject::Branch("🚀".into()), "🚀").starts_with("production-eu-"), "a branch without a letter");
    }

    #[test]
    fn every_owner_has_a_name_of_its_own() {
        let long = "x".repeat(249);
        let branches = [
            "feature/a",
            "fix/a",
            "A/B",
            "a/b",
            "a-b",
            "a_b",
            "🚀",
            "🎉",
            "a b",
            "../a",
            &format!("{long}1"),
            &format!("{long}2"),
        ];
        let mut names = BTreeSet::new();
        for branch in branches {
            names.insert(named(Subject::Branch(branch.to_owned()), branch));
        }
        for number in 0..500 {
            names.insert(named(Subject::PullRequest(number), "feature/a"));
        }
        let elsewhere = Owner { repository: "github.com/acme/other".into(), ..owner(Subject::PullRequest(7)) };
        names.insert(name(&elsewhere, "feature/a", "Production EU", NameStyle::Liftoff));
        let project = Owner { project: "eu".into(), ..owner(Subject::PullRequest(7)) };
        names.insert(name(&project, "feature/a", "Production EU", NameStyle::Liftoff));
        assert_eq!(names.len(), branches.len() + 502);
        assert!(
            names.iter().all(|name| name.len() <= 120 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        );
    }

    #[test]
    fn the_old_name_can_be_asked_for() {
        let old = |branch: &str| name(&owner(Subject::Branch(branch.into())), branch, "my demo", NameStyle::DeployAction);
        assert_eq!(old("feature/new thing"), "new_thing_my_demo");
        assert_eq!(old("main"), "main_my_demo");
    }
}
