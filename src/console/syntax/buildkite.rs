//! The groups of Buildkite's job logs: <https://buildkite.com/docs/pipelines/configure/managing-log-output>.
//! The agent runs a job on one terminal, so the log holds both streams. Messages are written for people.

use crate::console::syntax::form::Syntax;

/// Buildkite. A group ends where the next begins, and an error opens the group it stands in.
pub const SYNTAX: Syntax = Syntax {
    after_error: Some("^^^ +++"),
    open_group: |section| format!("--- {}", section.title),
    close_group: |_| Some("+++ Liftoff".to_owned()),
    harmless,
    ..Syntax::SILENT
};

/// A line that begins with one of these and white space is the title of a group, or opens one
/// (github.com/buildkite/agent, `agent/header_times_streamer.go`).
const MARKS: &[&str] = &["---", "+++", "~~~", "^^^"];

fn harmless(line: String) -> String {
    match line.split_at_checked(3) {
        Some((mark, rest)) if MARKS.contains(&mark) && (rest.is_empty() || rest.starts_with(char::is_whitespace)) => {
            format!("{} {}{rest}", &mark[..1], &mark[1..])
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_titles_are_changed() {
        let rows = [
            ("--- x", "- -- x"),
            ("---", "- --"),
            ("+++ x", "+ ++ x"),
            ("^^^ +++", "^ ^^ +++"),
            ("~~~\tx", "~ ~~\tx"),
            ("---x", "---x"),
            ("---- x", "---- x"),
            (" --- x", " --- x"),
            ("--", "--"),
            ("é--- x", "é--- x"),
        ];
        for (text, expected) in rows {
            assert_eq!(harmless(text.to_owned()), expected);
        }
    }
}
