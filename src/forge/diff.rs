//! Makes changes of what a forge lists about two commits. It knows no forge by name.

use crate::changes::change::{Change, ChangeKind, Relation};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// Returns how the second commit's history relates to the first's, by their common ancestor.
#[must_use]
pub fn relation(base: &CommitSha, head: &CommitSha, ancestor: Option<&CommitSha>) -> Relation {
    match ancestor {
        _ if base == head => Relation::Same,
        Some(ancestor) if ancestor == base => Relation::Ahead,
        Some(ancestor) if ancestor == head => Relation::Behind,
        Some(_) => Relation::Diverged,
        None => Relation::Unknown,
    }
}

/// Returns what became of one file: modified where it was, added where it was not before, removed
/// where it is no longer, and both where it moved. An empty path stands for none.
#[must_use]
pub fn moved(old: &str, new: &str) -> Vec<Change> {
    let change =
        |path: &str, kind| RelPath::parse(path.as_bytes()).filter(|path| !path.is_root()).map(|path| Change { path, kind });
    if old == new {
        return change(new, ChangeKind::Modified).into_iter().collect();
    }
    change(old, ChangeKind::Removed).into_iter().chain(change(new, ChangeKind::Added)).collect()
}

/// Returns changes in path order, each once.
#[must_use]
pub fn changes(found: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = found.into_iter().collect();
    changes.sort();
    changes.dedup();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_one_file_gone_and_one_come() {
        let told = |old: &str, new: &str| -> Vec<String> {
            changes(moved(old, new)).iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect()
        };
        assert_eq!(told("include/a.py", "dags/b.py"), ["Added dags/b.py", "Removed include/a.py"]);
        assert_eq!(told("", "dags/b.py"), ["Added dags/b.py"]);
        assert_eq!(told("dags/b.py", ""), ["Removed dags/b.py"]);
        assert_eq!(told("dags/b.py", "dags/b.py"), ["Modified dags/b.py"]);
        assert_eq!(told("../x", "dags/../.."), Vec::<String>::new(), "no path of a repository");
        assert_eq!(told("", "/dags/b.py"), ["Added dags/b.py"], "some forges begin with the root");
    }

    #[test]
    fn the_common_ancestor_tells_the_relation() {
        let sha = |digit: &str| CommitSha::parse(&digit.repeat(40)).expect("a commit id");
        let (base, head) = (sha("1"), sha("2"));
        for (ancestor, expected) in [
            (Some(sha("1")), Relation::Ahead),
            (Some(sha("2")), Relation::Behind),
            (Some(sha("3")), Relation::Diverged),
            (None, Relation::Unknown),
        ] {
            assert_eq!(relation(&base, &head, ancestor.as_ref()), expected);
        }
        assert_eq!(relation(&base, &base, None), Relation::Same);
    }
}
