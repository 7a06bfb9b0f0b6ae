//! Decides how two commits relate by walking their ancestors.
//! Pure: commits are read through a function, so it knows no repository.

use std::collections::{BinaryHeap, HashMap};

use crate::changes::change::Relation;
use crate::error::Result;
use crate::model::revision::CommitSha;

/// A commit as far as history goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Commit time in Unix seconds; only the order of the walk depends on it.
    pub time: i64,
    /// Parents, whether or not they can be had.
    pub parents: Vec<CommitSha>,
}

/// The result of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinship {
    /// How ours relates to theirs.
    pub relation: Relation,
    /// The newest common ancestor that was found; one of the two commits itself when one descends from the other.
    pub merge_base: Option<CommitSha>,
}

const OURS: u8 = 1;
const THEIRS: u8 = 2;
const BOTH: u8 = OURS | THEIRS;

/// Walks from both commits, newest first, until every commit still to visit is an ancestor of both.
/// A commit that cannot be read makes "diverged" unprovable, so the answer is then `Unknown`.
///
/// # Errors
/// Passes on what `read` returns.
pub fn kinship(
    ours: &CommitSha,
    theirs: &CommitSha,
    mut read: impl FnMut(&CommitSha) -> Result<Option<Node>>,
) -> Result<Kinship> {
    if ours == theirs {
        return Ok(Kinship { relation: Relation::Same, merge_base: Some(ours.clone()) });
    }
    let mut walk = Walk::default();
    walk.paint(ours, OURS, &mut read)?;
    walk.paint(theirs, THEIRS, &mut read)?;
    while walk.undecided > 0 {
        let Some((_, sha)) = walk.queue.pop() else { break };
        let Some(commit) = walk.commits.get_mut(&sha) else { continue };
        commit.queued = false;
        let (marks, parents) = (commit.marks, commit.parents.clone());
        if marks == BOTH {
            walk.merge_base.get_or_insert(sha);
        } else {
            walk.undecided -= 1;
        }
        for parent in &parents {
            walk.paint(parent, marks, &mut read)?;
        }
        if walk.marks(theirs) == BOTH || walk.marks(ours) == BOTH {
            break;
        }
    }
    Ok(walk.verdict(ours, theirs))
}

#[derive(Default)]
struct Walk {
    commits: HashMap<CommitSha, Painted>,
    queue: BinaryHeap<(i64, CommitSha)>,
    /// Commits in the queue that belong to one side only.
    undecided: usize,
    missing: Vec<CommitSha>,
    merge_base: Option<CommitSha>,
}

struct Painted {
    marks: u8,
    time: i64,
    parents: Vec<CommitSha>,
    queued: bool,
}

impl Walk {
    fn marks(&self, sha: &CommitSha) -> u8 {
        self.commits.get(sha).map_or(0, |commit| commit.marks)
    }

    /// Marks a commit and queues it when it gained a mark.
    fn paint(&mut self, sha: &CommitSha, marks: u8, read: &mut impl FnMut(&CommitSha) -> Result<Option<Node>>) -> Result<()> {
        if !self.commits.contains_key(sha) {
            let node = read(sha)?;
            if node.is_none() {
                self.missing.push(sha.clone());
            }
            let Node { time, parents } = node.unwrap_or(Node { time: 0, parents: Vec::new() });
            self.commits.insert(sha.clone(), Painted { marks: 0, time, parents, queued: false });
        }
        let Some(commit) = self.commits.get_mut(sha) else { return Ok(()) };
        let before = commit.marks;
        commit.marks |= marks;
        if commit.marks == before {
            return Ok(());
        }
        let was_undecided = commit.queued && before != BOTH;
        let is_undecided = commit.marks != BOTH;
        self.undecided = self.undecided + usize::from(is_undecided) - usize::from(was_undecided);
        if !commit.queued {
            commit.queued = true;
            self.queue.push((commit.time, sha.clone()));
        }
        Ok(())
    }

    fn verdict(mut self, ours: &CommitSha, theirs: &CommitSha) -> Kinship {
        if self.marks(theirs) == BOTH {
            return Kinship { relation: Relation::Ahead, merge_base: Some(theirs.clone()) };
        }
        if self.marks(ours) == BOTH {
            return Kinship { relation: Relation::Behind, merge_base: Some(ours.clone()) };
        }
        // All that is still queued is common to both, the newest first.
        let merge_base = self.merge_base.take().or_else(|| self.queue.pop().map(|(_, sha)| sha));
        // Where both sides have come together, what lies behind tells nothing new.
        let incomplete = self.missing.iter().any(|sha| self.marks(sha) != BOTH);
        let relation = if incomplete { Relation::Unknown } else { Relation::Diverged };
        Kinship { relation, merge_base }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: char) -> CommitSha {
        CommitSha::parse(&digit.to_string().repeat(40)).expect("a commit id")
    }

    /// Commits as (name, time, parents); names that are only mentioned as parents are missing.
    fn relate(graph: &[(char, i64, &str)], ours: char, theirs: char) -> (Relation, Option<char>) {
        let answer = kinship(&sha(ours), &sha(theirs), |wanted| {
            Ok(graph
                .iter()
                .find(|(name, ..)| sha(*name) == *wanted)
                .map(|(_, time, parents)| Node { time: *time, parents: parents.chars().map(sha).collect() }))
        })
        .expect("no read fails");
        (answer.relation, answer.merge_base.and_then(|base| base.as_str().chars().next()))
    }

    #[test]
    fn relations_follow_from_the_graph() {
        // 1 ← 2 ← 3 ← 4 (merge of 3 and 6), 2 ← 5 ← 6, and 7 stands alone.
        let graph = [('1', 1, ""), ('2', 2, "1"), ('3', 3, "2"), ('4', 6, "36"), ('5', 4, "2"), ('6', 5, "5"), ('7', 3, "")];
        let table = [
            ('3', '3', Relation::Same, Some('3')),
            ('3', '1', Relation::Ahead, Some('1')),
            ('1', '4', Relation::Behind, Some('1')),
            ('4', '5', Relation::Ahead, Some('5')),
            ('3', '6', Relation::Diverged, Some('2')),
            ('6', '3', Relation::Diverged, Some('2')),
            ('3', '7', Relation::Diverged, None),
        ];
        for (ours, theirs, relation, base) in table {
            assert_eq!(relate(&graph, ours, theirs), (relation, base), "{ours} {theirs}");
        }
    }

    #[test]
    fn missing_history_is_never_taken_for_divergence() {
        let shallow = [('4', 4, "3"), ('2', 2, "1")];
        assert_eq!(relate(&shallow, '4', '2'), (Relation::Unknown, None));
        assert_eq!(relate(&shallow, '2', '4'), (Relation::Unknown, None));
        assert_eq!(relate(&shallow, '4', '9'), (Relation::Unknown, None));
        assert_eq!(relate(&shallow, '4', '3'), (Relation::Ahead, Some('3')), "a parent that is named need not be at hand");
        assert_eq!(relate(&[('4', 4, "3"), ('3', 3, "2"), ('5', 5, "3")], '4', '5'), (Relation::Diverged, Some('3')));
    }

    #[test]
    fn wrong_clocks_do_not_change_the_relation() {
        let skewed = [('1', 900, ""), ('2', 1, "1"), ('3', 800, "2"), ('4', 2, "3"), ('5', 950, "1")];
        assert_eq!(relate(&skewed, '4', '1').0, Relation::Ahead);
        assert_eq!(relate(&skewed, '1', '4').0, Relation::Behind);
        assert_eq!(relate(&skewed, '4', '5'), (Relation::Diverged, Some('1')));
    }
}
