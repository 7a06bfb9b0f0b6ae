//! The sections of the settings file, such as `[branch."main"]`: which of them holds for a run.
//! It compares names; what the values of a section mean is not its business.

use std::fmt;

use crate::model::context::{CiContext, PullRequest, PullRequestState, Trust};
use crate::settings::glob::{Glob, best};
use crate::settings::parse::{escaped, quoted};
use crate::settings::typed::Given;
use crate::settings::values::{Intent, Mapping};

/// Sections that a message lists before the rest is only counted.
const MOST_NAMED: usize = 8;

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
}

impl RefKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Branch, Self::Tag];

    /// Returns the word with which its sections begin.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

/// One section of the settings file.
#[derive(Debug, Clone)]
pub struct Section {
    /// What it is for.
    pub kind: RefKind,
    /// The names for which it holds.
    pub glob: Glob,
    /// Its values.
    pub values: Vec<Given>,
}

/// Shows a section as it stands in the file, on one line.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a>(pub RefKind, pub &'a str);

impl fmt::Display for Heading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}.\"{}\"]", self.0.word(), escaped(self.1))
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Heading(self.kind, self.glob.as_str()).fmt(f)
    }
}

/// What a run serves, as far as sections ask.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// The branch or tag whose code the run has.
    own: Option<(RefKind, &'a str)>,
    /// The pull request whose code the run has, unless somebody named a branch.
    pull_request: Option<&'a PullRequest>,
    trust: Trust,
    intent: Intent,
}

impl<'a> Served<'a> {
    /// Finds out what a run serves: `given` is the branch that somebody named, `checked_out` the
    /// branch that git names, for runs without any other.
    ///
    /// The branch of a fork is no branch of this repository: its owner, a stranger, chose the
    /// name, and must not choose a Deployment by it.
    #[must_use]
    pub fn of(ci: &'a CiContext, given: Option<&'a str>, checked_out: Option<&'a str>, intent: Intent) -> Self {
        let branch = |name| (RefKind::Branch, name);
        if given.is_some() {
            return Self { own: given.map(branch), pull_request: None, trust: ci.trust, intent };
        }
        // Once merged, its code is its target branch's, if the CI system says so, too.
        let merged = ci.pull_request.as_ref().is_some_and(|pull_request| {
            pull_request.state == PullRequestState::Merged && ci.branch.as_ref() == Some(&pull_request.base_branch)
        });
        let pull_request = ci.pull_request.as_ref().filter(|_| !merged);
        let own = match (pull_request, ci.tag.as_deref()) {
            _ if ci.trust == Trust::Fork && !merged => None,
            (None, Some(tag)) => Some((RefKind::Tag, tag)),
            (Some(_), _) => ci.branch.as_deref().map(branch),
            (None, None) => ci.branch.as_deref().or(checked_out).map(branch),
        };
        Self { own, pull_request, trust: ci.trust, intent }
    }
}

/// Chooses the section that holds for a run. A run that only shows what merging a pull request
/// would do takes its target branch's section when its own branch has none, and a preview takes it
/// first; a run that ships never does. `path` is how people see the file.
#[must_use]
pub fn choose<'a>(path: &str, sections: &'a [Section], served: &Served<'_>) -> (Mapping, Option<&'a Section>) {
    if sections.is_empty() {
        return (Mapping::Absent, None);
    }
    let held = |into: Option<&str>| Mapping::Section { into: into.map(str::to_owned) };
    let into = served.pull_request.map(|pull_request| pull_request.base_branch.as_str());
    let target = into.and_then(|branch| matching(sections, RefKind::Branch, branch));
    let own = served.own.and_then(|(kind, name)| matching(sections, kind, name));
    // A preview shows its pull request merged, even when the branch has a Deployment of its own.
    let own_first = served.intent != Intent::Preview || target.is_none();
    if let Some(section) = own.filter(|_| own_first) {
        return (held(None), Some(section));
    }
    if let Some(section) = target.filter(|_| served.intent.looks_ahead()) {
        return (held(into), Some(section));
    }
    let mut why = format!("{} {path} ({})", lacking(served), listed(sections));
    if let Some(section) = target {
        why.push_str(&format!("; {section} counts once the pull request is merged"));
    }
    (Mapping::Unmapped { why }, None)
}

fn matching<'a>(sections: &'a [Section], kind: RefKind, name: &str) -> Option<&'a Section> {
    best(name, sections.iter().filter(|section| section.kind == kind), |section| &section.glob)
}

/// Returns what has no section, in words that end before the file's name.
fn lacking(served: &Served<'_>) -> String {
    match (served.own, served.pull_request) {
        (Some((kind, name)), Some(pull_request)) if served.intent.looks_ahead() => format!(
            "neither the {} {} nor {}, into which it would merge, has a section in",
            kind.word(),
            quoted(name),
            quoted(&pull_request.base_branch)
        ),
        (Some((kind, name)), _) => format!("the {} {} has no section in", kind.word(), quoted(name)),
        (None, Some(pull_request)) if served.intent.looks_ahead() => {
            format!("the branch {} has no section in", quoted(&pull_request.base_branch))
        }
        (None, _) if served.trust == Trust::Fork => "the code comes from a fork, whose branches have no section in".to_owned(),
        (None, _) => "neither the CI system, nor git, nor `branch` names a branch or tag to look up in".to_owned(),
    }
}

fn listed(sections: &[Section]) -> String {
    let mut names: Vec<String> = sections.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if sections.len() > MOST_NAMED {
        names.push(format!("and {} more", sections.len() - MOST_NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::context::Event;

    fn section(kind: RefKind, name: &str) -> Section {
        Section { kind, glob: Glob::parse(name).expect(name), values: Vec::new() }
    }

    fn sections() -> Vec<Section> {
        let mut sections = ["main", "dev", "release/*", "feature/**"].map(|name| section(RefKind::Branch, name)).to_vec();
        sections.extend(["v*", "v1.*"].map(|name| section(RefKind::Tag, name)));
        sections
    }

    fn context(branch: Option<&str>, tag: Option<&str>, pull_request: Option<PullRequest>) -> CiContext {
        CiContext {
            branch: branch.map(str::to_owned),
            tag: tag.map(str::to_owned),
            pull_request,
            ..CiContext::new("github-actions", Event::Push)
        }
    }

    fn pull_request(head: &str, base: &str, trust: Trust) -> CiContext {
        let pull_request = PullRequest {
            number: 7,
            title: String::new(),
            head: None,
            head_branch: head.to_owned(),
            base_branch: base.to_owned(),
            base: None,
            state: PullRequestState::Open,
            url: None,
        };
        CiContext { trust, ..context(Some(head), None, Some(pull_request)) }
    }

    /// The heading that holds, `!` when none does; with the branch it would merge into.
    fn chosen(ci: &CiContext, given: Option<&str>, checked_out: Option<&str>, intent: Intent) -> String {
        match choose("liftoff.toml", &sections(), &Served::of(ci, given, checked_out, intent)) {
            (Mapping::Section { into }, Some(section)) => {
                section.to_string() + &into.map(|branch| format!(" into {branch}")).unwrap_or_default()
            }
            (Mapping::Unmapped { why }, None) => format!("! {why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_branch_or_tag_chooses_the_section_that_fits_it_best() {
        let rows = [
            (Some("main"), None, "[branch.\"main\"]"),
            (Some("release/3"), None, "[branch.\"release/*\"]"),
            (Some("release/3/x"), None, "! the branch `release/3/x` has no section in liftoff.toml ("),
            (Some("feature/a/b"), None, "[branch.\"feature/**\"]"),
            (None, Some("v2"), "[tag.\"v*\"]"),
            (None, Some("v1.2"), "[tag.\"v1.*\"]"),
            (None, Some("main"), "! the tag `main` has no section in liftoff.toml ("),
            (None, None, "! neither the CI system, nor git"),
        ];
        for (branch, tag, expected) in rows {
            for intent in [Intent::Show, Intent::Ship] {
                let found = chosen(&context(branch, tag, None), None, None, intent);
                assert!(found.starts_with(expected), "{branch:?} {tag:?}: {found}");
            }
        }
    }

    #[test]
    fn a_named_branch_beats_the_ci_system_and_git_is_asked_last() {
        let ship = |ci: &CiContext, given, checked_out| chosen(ci, given, checked_out, Intent::Ship);
        assert_eq!(ship(&context(Some("main"), None, None), Some("dev"), None), "[branch.\"dev\"]");
        assert_eq!(ship(&context(None, Some("v1"), None), Some("dev"), None), "[branch.\"dev\"]");
        assert_eq!(ship(&context(None, None, None), None, Some("dev")), "[branch.\"dev\"]");
        assert_eq!(ship(&context(Some("main"), None, None), None, Some("dev")), "[branch.\"main\"]");
        assert!(ship(&context(None, Some("x"), None), None, Some("dev")).starts_with("! the tag `x`"), "a tag run has no branch");
        let fork = pull_request("x", "main", Trust::Fork);
        assert!(ship(&fork, None, Some("main")).starts_with("! the code comes from a fork"));
        assert_eq!(ship(&fork, Some("dev"), None), "[branch.\"dev\"]", "whoever starts the run knows better");
    }

    #[test]
    fn only_a_plan_takes_the_section_of_the_branch_that_a_pull_request_would_merge_into() {
        let rows = [
            ("fix", "main", Trust::SameRepository, "[branch.\"main\"] into main", "! the branch `fix` has no section"),
            ("fix", "main", Trust::Dependabot, "[branch.\"main\"] into main", "! the branch `fix` has no section"),
            ("feature/a", "main", Trust::SameRepository, "[branch.\"feature/**\"]", "[branch.\"feature/**\"]"),
            ("main", "dev", Trust::SameRepository, "[branch.\"main\"]", "[branch.\"main\"]"),
            (
                "fix",
                "old",
                Trust::SameRepository,
                "! neither the branch `fix` nor `old`, into",
                "! the branch `fix` has no section",
            ),
            // A stranger's branch is called what the stranger likes.
            ("main", "dev", Trust::Fork, "[branch.\"dev\"] into dev", "! the code comes from a fork"),
            ("feature/a", "main", Trust::Fork, "[branch.\"main\"] into main", "! the code comes from a fork"),
            ("main", "old", Trust::Fork, "! the branch `old` has no section", "! the code comes from a fork"),
        ];
        for (head, base, trust, show, ship) in rows {
            let ci = pull_request(head, base, trust);
            for (intent, expected) in [(Intent::Show, show), (Intent::Ship, ship)] {
                let found = chosen(&ci, None, None, intent);
                assert!(found.starts_with(expected), "{head} into {base}, {trust:?}, {intent:?}: {found}");
            }
        }
        let told = chosen(&pull_request("fix", "main", Trust::SameRepository), None, None, Intent::Ship);
        assert!(told.ends_with("; [branch.\"main\"] counts once the pull request is merged"), "{told}");
    }

    #[test]
    fn a_merged_pull_request_is_its_target_branch() {
        let mut ci = pull_request("fix", "main", Trust::Fork);
        ci.branch = Some("main".to_owned());
        ci.pull_request.as_mut().expect("a pull request").state = PullRequestState::Merged;
        assert_eq!(chosen(&ci, None, None, Intent::Ship), "[branch.\"main\"]");
        ci.branch = Some("dev".to_owned());
        assert!(chosen(&ci, None, None, Intent::Ship).starts_with("! the code comes from a fork"), "not its own name");
    }

    #[test]
    fn hostile_names_are_shown_on_one_line_and_long_lists_are_cut() {
        let ci = context(Some("a`\n::error::\u{1b}[31m"), None, None);
        let found = chosen(&ci, None, None, Intent::Ship);
        assert!(found.contains("`a`\\n::error::\\u{1b}[31m`"), "{found}");
        let many: Vec<Section> = (0..20).map(|index| section(RefKind::Branch, &format!("b{index}"))).collect();
        let (mapping, _) = choose("liftoff.toml", &many, &Served::of(&ci, None, None, Intent::Ship));
        assert!(matches!(&mapping, Mapping::Unmapped { why } if why.contains("\"b7\"], and 12 more)")), "{mapping:?}");
    }
}
