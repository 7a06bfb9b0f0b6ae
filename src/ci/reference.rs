//! Names of branches, tags and pull requests, as CI systems write them.
//! It reads text, which is hostile; it knows no variable and no CI system.

/// The last words before a pull request's number in a URL or a git reference.
const BEFORE_NUMBER: &[&str] = &["pull", "pulls", "pr", "pull-requests", "pullrequest", "merge-requests", "merge_requests"];

/// Returns the branch or the tag that a full git reference names.
#[must_use]
pub fn branch_and_tag(reference: &str) -> (Option<String>, Option<String>) {
    (reference.strip_prefix("refs/heads/").map(str::to_owned), reference.strip_prefix("refs/tags/").map(str::to_owned))
}

/// Returns a branch without `refs/heads/`, where it is written that way.
#[must_use]
pub fn branch(name: &str) -> String {
    name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
}

/// Returns the number in `https://…/pull/7`, `refs/pull/7/merge`, `pr/7` and their like.
#[must_use]
pub fn pull_request_number(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split('/').collect();
    parts.windows(2).rev().find(|pair| BEFORE_NUMBER.contains(&pair[0])).and_then(|pair| pair[1].parse().ok())
}

/// Returns the beginning of a commit's id, when the text is one: at least seven digits.
#[must_use]
pub fn commit_prefix(text: &str) -> Option<String> {
    let prefix = (7..40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    prefix.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_urls_and_references() {
        let rows = [
            ("https://github.com/acme/pipelines/pull/7", Some(7)),
            ("https://bitbucket.org/acme/pipelines/pull-requests/7", Some(7)),
            ("https://dev.azure.com/acme/data/_git/pipelines/pullrequest/7", Some(7)),
            ("https://gitlab.com/acme/pipelines/-/merge_requests/7", Some(7)),
            ("refs/pull/7/merge", Some(7)),
            ("refs/pull-requests/7/from", Some(7)),
            ("refs/merge-requests/7/head", Some(7)),
            ("pr/7", Some(7)),
            ("https://github.com/pull/7/pull/8", Some(8)),
            ("refs/heads/pull", None),
            ("pull/main", None),
            ("pull/-1", None),
            ("pull/99999999999999999999", None),
            ("7", None),
        ];
        for (text, expected) in rows {
            assert_eq!(pull_request_number(text), expected, "{text}");
        }
    }

    #[test]
    fn names_lose_their_prefix_only() {
        assert_eq!(branch_and_tag("refs/heads/a/refs/tags/b"), (Some("a/refs/tags/b".to_owned()), None));
        assert_eq!(branch_and_tag("refs/tags/v1"), (None, Some("v1".to_owned())));
        assert_eq!(branch_and_tag("main"), (None, None));
        assert_eq!((branch("refs/heads/a/b"), branch("a/b")), ("a/b".to_owned(), "a/b".to_owned()));
    }

    #[test]
    fn the_beginning_of_an_id_is_digits() {
        for (text, expected) in
            [("8D081548cabb", Some("8d081548cabb")), ("8d0815", None), ("main-branch", None), (&"a".repeat(40), None), ("", None)]
        {
            assert_eq!(commit_prefix(text).as_deref(), expected, "{text}");
        }
    }
}
