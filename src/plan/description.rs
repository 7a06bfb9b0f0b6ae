//! The deploy description: words for people, and a footer from which a later run reads what
//! exactly was shipped. It is the only memory Liftoff has, so its form is a public contract.

use crate::model::artifact::Artifact;
use crate::model::deploy::GitRemote;
use crate::model::fingerprint::{Fingerprint, Fingerprinter};
use crate::model::revision::CommitSha;

/// The platform's limit for a description, counted here in bytes to be safe for any encoding
/// (`reference/astro-docs.md` 4.3).
pub const LIMIT: usize = 500;

const OPENING: &str = "[liftoff:1";

/// What Liftoff remembers of a deploy. Written as the last line of the description, such as
/// `[liftoff:1 dags=<43 characters> image=<43 characters> run=<12 characters> dirty]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Footer {
    /// Fingerprint of the DAG bundle that the deploy carried.
    pub dags: Option<Fingerprint>,
    /// Fingerprint of the image's inputs.
    pub image: Option<Fingerprint>,
    /// Fingerprint of the other bundle that the deploy carried.
    pub bundle: Option<Fingerprint>,
    /// Random name of the run, by which a lost answer to "create" is found again.
    pub run: String,
    /// The commit. The platform's own record of it is left out when the content is not the
    /// commit's, so that nobody takes the one for the other.
    pub commit: Option<CommitSha>,
    /// Short name of the repository and folder that the content came from.
    pub from: Option<String>,
    /// Whether files differed from the commit.
    pub dirty: bool,
    /// Whether the deploy removed the bundle.
    pub removed: bool,
}

impl Footer {
    /// Returns the fingerprint recorded for an artifact.
    #[must_use]
    pub const fn fingerprint(&self, artifact: &Artifact) -> Option<Fingerprint> {
        match artifact {
            Artifact::Dags => self.dags,
            Artifact::Image => self.image,
            Artifact::Bundle(_) => self.bundle,
        }
    }

    /// Records the fingerprint of a shipped artifact.
    pub const fn record(&mut self, artifact: &Artifact, fingerprint: Fingerprint) {
        match artifact {
            Artifact::Dags => self.dags = Some(fingerprint),
            Artifact::Image => self.image = Some(fingerprint),
            Artifact::Bundle(_) => self.bundle = Some(fingerprint),
        }
    }

    /// Reads the footer of a description. `None` when there is none. It must stand alone on the
    /// last line and not be the whole text, so that a commit subject cannot pass for one; words
    /// unknown to this version are skipped.
    #[must_use]
    pub fn parse(description: &str) -> Option<Self> {
        let (_, last) = description.trim_end().rsplit_once('\n')?;
        let words = last.trim().strip_prefix(OPENING)?.strip_suffix(']')?;
        if !words.is_empty() && !words.starts_with(' ') {
            return None;
        }
        let mut footer = Self::default();
        for word in words.split_ascii_whitespace() {
            match word.split_once('=') {
                Some(("dags", value)) => footer.dags = Fingerprint::parse(value),
                Some(("image", value)) => footer.image = Fingerprint::parse(value),
                Some(("bundle", value)) => footer.bundle = Fingerprint::parse(value),
                Some(("run", value)) => value.clone_into(&mut footer.run),
                Some(("commit", value)) => footer.commit = CommitSha::parse(value),
                Some(("from", value)) => footer.from = Some(value.to_owned()),
                None if word == "dirty" => footer.dirty = true,
                None if word == "removed" => footer.removed = true,
                _ => {}
            }
        }
        Some(footer)
    }

    /// Returns the footer as one line.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = OPENING.to_owned();
        for (name, fingerprint) in [("dags", self.dags), ("image", self.image), ("bundle", self.bundle)] {
            if let Some(fingerprint) = fingerprint {
                line.push_str(&format!(" {name}={fingerprint}"));
            }
        }
        line.push_str(&format!(" run={}", self.run));
        if let Some(commit) = &self.commit {
            line.push_str(&format!(" commit={commit}"));
        }
        if let Some(from) = &self.from {
            line.push_str(&format!(" from={from}"));
        }
        if self.dirty {
            line.push_str(" dirty");
        }
        if self.removed {
            line.push_str(" removed");
        }
        line.push(']');
        line
    }
}

/// Returns the short name of a repository and a folder in it, for the footer. It only serves to
/// tell whether two deploys came from the same place.
#[must_use]
pub fn place_name(remote: &GitRemote, path: Option<&str>) -> String {
    const LENGTH: usize = 12;
    let mut fingerprinter = Fingerprinter::new("place");
    fingerprinter.value("repository", remote.identity().as_bytes());
    fingerprinter.value("path", path.unwrap_or_default().as_bytes());
    fingerprinter.finish().to_string().chars().take(LENGTH).collect()
}

/// Returns the whole description: the user's words on one line, cut to fit, then the footer.
#[must_use]
pub fn compose(words: &str, footer: &Footer) -> String {
    let line = footer.line();
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = if words.is_empty() { "Deployed by Liftoff".to_owned() } else { words };
    let room = LIMIT.saturating_sub(line.len() + 1);
    format!("{}\n{line}", cut(&words, room))
}

/// Returns the description as people should see it: without the footer.
#[must_use]
pub fn words(description: &str) -> &str {
    match description.trim_end().rsplit_once('\n') {
        Some((words, last)) if last.trim().starts_with(OPENING) => words.trim_end(),
        _ => description.trim_end(),
    }
}

/// Cuts text to at most `room` bytes at a character boundary, with an ellipsis when it was cut.
fn cut(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let mut end = room.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Footer {
        Footer {
            dags: Some(Fingerprint::new([1; 32])),
            image: Some(Fingerprint::new([2; 32])),
            bundle: Some(Fingerprint::new([3; 32])),
            run: "abcdefghijkl".to_owned(),
            commit: CommitSha::parse(&"a".repeat(64)),
            from: Some("abcdefghijkl".to_owned()),
            dirty: true,
            removed: true,
        }
    }

    #[test]
    fn a_footer_survives_the_longest_description() {
        for words in ["", "fix the sales DAG", &"é".repeat(600), "a'b\"c\n[liftoff:1 run=fake]"] {
            let description = compose(words, &full());
            assert!(description.len() <= LIMIT, "{} bytes", description.len());
            assert_eq!(Footer::parse(&description), Some(full()), "{description}");
        }
        assert_eq!(super::words(&compose("fix  the\nsales DAG", &full())), "fix the sales DAG");
    }

    #[test]
    fn a_commit_subject_cannot_pass_for_a_footer() {
        let forged = full().line();
        assert_eq!(Footer::parse(&forged), None);
        assert_eq!(Footer::parse(&format!("{forged}\nreal words")), None);
        assert_eq!(Footer::parse("x\n[liftoff:10 run=a]"), None);
        let ours = compose(&forged, &Footer { run: "real".into(), ..Footer::default() });
        assert_eq!(Footer::parse(&ours).map(|footer| (footer.run, footer.dags)), Some(("real".to_owned(), None)));
    }

    #[test]
    fn words_of_later_versions_are_skipped() {
        let footer = Footer::parse("x\n[liftoff:1 run=r later=1 flag dags=short]").expect("a footer");
        assert_eq!(footer, Footer { run: "r".into(), ..Footer::default() });
    }
}
