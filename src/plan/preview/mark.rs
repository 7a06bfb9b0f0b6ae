//! The mark in a preview's description: whose preview it is. It is the only proof of ownership,
//! so its form is a public contract.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::model::ids::DeploymentId;
use crate::model::preview::{Owner, PreviewMark, Subject};

/// The platform's limit for a Deployment's description, counted here in bytes to be safe for any
/// encoding (`reference/astro-platform.md` 5.2, of the older API and taken to hold).
pub const LIMIT: usize = 1_000;

const OPENING: &str = "[liftoff-preview:1 ";

/// Bytes of the head branch that the mark holds; more is cut, since it only serves people.
const BRANCH_ROOM: usize = 120;

/// What stays as it is in a value: nothing that ends a word or the mark.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b':');

/// Returns the description of a preview: words for people, then the mark, such as
/// `[liftoff-preview:1 repo=github.com/acme/demo pr=7 branch=feature/a base=cm1 ttl=604800s by=0.1.0]`.
#[must_use]
pub fn compose(mark: &PreviewMark) -> String {
    let owner = &mark.owner;
    let subject = match &owner.subject {
        Subject::PullRequest(number) => format!("pr={number} branch={}", word(cut(&mark.branch, BRANCH_ROOM))),
        Subject::Branch(branch) => format!("branch={}", word(branch)),
    };
    let project = if owner.project.is_empty() { String::new() } else { format!(" project={}", word(&owner.project)) };
    let lifetime = mark.lifetime.map(|lifetime| format!(" ttl={}s", lifetime.as_secs())).unwrap_or_default();
    let line = format!(
        "{OPENING}repo={}{project} {subject} base={}{lifetime} by={}]",
        word(&owner.repository),
        word(owner.base.as_str()),
        word(&mark.version)
    );
    let of = match &owner.subject {
        Subject::PullRequest(number) => format!("pull request #{number}"),
        // Its name stands in the mark.
        Subject::Branch(_) => "a branch".to_owned(),
    };
    let words = format!("Preview of {of}, kept by Liftoff, which deletes it when it is over. Leave the next line as it is.");
    if words.len() + 1 + line.len() <= LIMIT { format!("{words}\n{line}") } else { line }
}

/// Returns whether a mark for this owner fits into a description; the branch of a branch preview
/// and the project's folder are part of the identity and never cut.
#[must_use]
pub fn fits(mark: &PreviewMark) -> bool {
    compose(mark).len() <= LIMIT
}

/// Reads the mark of a description. `None` where there is none, or none that this version
/// understands; words unknown to it are skipped.
#[must_use]
pub fn parse(description: &str) -> Option<PreviewMark> {
    // The last one: what stands before may quote a branch or a title.
    let (_, rest) = description.rsplit_once(OPENING)?;
    let (words, _) = rest.split_once(']')?;
    let mut values = [const { None }; 7];
    const NAMES: [&str; 7] = ["repo", "project", "pr", "branch", "base", "ttl", "by"];
    for (name, value) in words.split_ascii_whitespace().filter_map(|word| word.split_once('=')) {
        if let Some(slot) = NAMES.iter().position(|known| *known == name).and_then(|index| values.get_mut(index)) {
            *slot = Some(percent_decode_str(value).decode_utf8().ok()?.into_owned());
        }
    }
    let [repository, project, number, branch, base, lifetime, version] = values;
    let branch = branch.unwrap_or_default();
    let subject = match number {
        Some(number) => Subject::PullRequest(number.parse().ok()?),
        None if branch.is_empty() => return None,
        None => Subject::Branch(branch.clone()),
    };
    let lifetime = match lifetime {
        Some(text) => Some(Duration::from_secs(text.strip_suffix('s')?.parse().ok()?)),
        None => None,
    };
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Some(PreviewMark {
        owner: Owner {
            repository: filled(repository)?,
            project: project.unwrap_or_default(),
            subject,
            base: DeploymentId::new(filled(base)?),
        },
        branch,
        lifetime,
        version: version.unwrap_or_default(),
    })
}

fn word(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Cuts to at most `room` bytes, between characters.
fn cut(text: &str, room: usize) -> &str {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(subject: Subject, branch: &str) -> PreviewMark {
        PreviewMark {
            owner: Owner {
                repository: "github.com/acme/demo".into(),
                project: "pipelines/eu west".into(),
                subject,
                base: DeploymentId::new("cm1base"),
            },
            branch: branch.into(),
            lifetime: Some(Duration::from_secs(604_800)),
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn a_mark_stands_on_the_last_line_and_is_read_back() {
        let mark = mark(Subject::PullRequest(7), "feature/a b]");
        let text = compose(&mark);
        assert_eq!(
            text,
            "Preview of pull request #7, kept by Liftoff, which deletes it when it is over. Leave the next line as it is.\n\
             [liftoff-preview:1 repo=github.com/acme/demo project=pipelines/eu%20west pr=7 branch=feature/a%20b%5D base=cm1base \
             ttl=604800s by=0.1.0]"
        );
        assert_eq!(parse(&text), Some(mark.clone()));
        assert_eq!(parse(&text.replace('\n', " ")), Some(mark), "the platform may join lines");
    }

    #[test]
    fn what_is_no_mark_makes_nobody_an_owner() {
        let whole = compose(&mark(Subject::Branch("main".into()), "main"));
        for broken in [
            "",
            "made by hand",
            "[liftoff-preview:1]",
            "[liftoff-preview:2 repo=a/b pr=1 base=x]",
            "[liftoff-preview:1 repo=a/b pr=seven base=x]",
            "[liftoff-preview:1 repo=a/b base=x]",
            "[liftoff-preview:1 pr=1 base=x]",
            "[liftoff-preview:1 repo=a/b pr=1 base=]",
            "[liftoff-preview:1 repo=a/b pr=1 base=x ttl=soon]",
            "[liftoff-preview:1 repo=a/b pr=1 base=x",
            "[liftoff-preview:1 repo=%ff pr=1 base=x]",
            "[liftoff:1 run=abc]",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
        assert!(parse(&format!("{whole} and a word of somebody else")).is_some());
        let newer = whole.replace(" by=", " colour=blue by=");
        assert_eq!(parse(&newer), parse(&whole), "a later version may say more");
    }

    proptest! {
        #[test]
        fn no_branch_can_speak_for_another(branch in "\\PC{1,250}") {
            let pull_request = mark(Subject::PullRequest(7), &branch);
            let text = compose(&pull_request);
            prop_assert!(text.len() <= LIMIT);
            prop_assert_eq!(parse(&text).map(|found| found.owner), Some(pull_request.owner));
            let own = mark(Subject::Branch(branch.clone()), &branch);
            if fits(&own) {
                prop_assert_eq!(parse(&compose(&own)), Some(own));
            }
        }
    }
}
