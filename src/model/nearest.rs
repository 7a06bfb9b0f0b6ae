//! Finds the known name that a misspelt one probably means.
//! It knows nothing of what the names are for.

/// Returns the known name nearest to `wrong`, when it is near enough to be worth suggesting:
/// one that `wrong` begins, or at most a third of its letters away.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer text is no slip of the finger, and the distance costs the product of the lengths.
    if wrong.is_empty() || wrong.len() > 64 {
        return None;
    }
    let wrong = wrong.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|name| {
            let begun = name.strip_prefix(wrong.as_str()).is_some_and(|rest| rest.starts_with('-'));
            (if begun { 1 } else { distance(&wrong, &name.to_lowercase().replace('_', "-")) }, name)
        })
        .filter(|(distance, name)| *distance <= (name.len().min(wrong.len()) / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns how many insertions, deletions, replacements and swaps of neighbours turn one text
/// into the other.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            // Every row has one cell more than `right`, so `column + 1` exists in all three.
            let replaced = last[column] + usize::from(from != to);
            let mut best = replaced.min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *from == right[column - 1] && left[row - 1] == *to {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let known = ["root-folder", "deployment-id", "deploy-type", "wait", "force"];
        let rows = [
            ("root-fodler", Some("root-folder")),
            ("ROOT_FOLDER", Some("root-folder")),
            ("rootfolder", Some("root-folder")),
            ("deployment", Some("deployment-id")),
            ("weit", Some("wait")),
            ("xyz", None),
            ("", None),
        ];
        for (wrong, expected) in rows {
            assert_eq!(nearest(wrong, known), expected, "{wrong}");
        }
        assert_eq!(nearest(&"a".repeat(10_000), known), None);
    }

    #[test]
    fn distance_counts_edits() {
        for (left, right, expected) in [("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
