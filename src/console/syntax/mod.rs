//! How commands are spelt in each dialect of the log, one file each, and the choice between them.
//! It makes lines; it prints none, and knows no CI system.

pub mod azure;
pub mod buildkite;
pub mod form;
pub mod gitea;
pub mod github;
pub mod gitlab;
pub mod plain;
pub mod teamcity;

use crate::console::syntax::form::Syntax;
use crate::model::dialect::Dialect;

/// Returns the syntax of a dialect.
#[must_use]
pub const fn of(dialect: Dialect) -> &'static Syntax {
    match dialect {
        Dialect::Plain => &plain::SYNTAX,
        Dialect::GitHubActions => &github::SYNTAX,
        Dialect::GiteaActions => &gitea::SYNTAX,
        Dialect::AzurePipelines => &azure::SYNTAX,
        Dialect::TeamCity => &teamcity::SYNTAX,
        Dialect::GitLab => &gitlab::SYNTAX,
        Dialect::Buildkite => &buildkite::SYNTAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::clean;
    use crate::console::syntax::form::{Annotation, Section};
    use crate::error::Place;

    /// Returns whether a line is a command for whoever reads the dialect, as its source or its
    /// documentation has it: GitHub `ActionCommand.cs`, Gitea `report/reporter.go`, Azure
    /// `CommandManager.cs`, GitLab `Gitlab::Regex.build_trace_section_regex`, Buildkite
    /// `header_times_streamer.go`, and TeamCity's page on service messages.
    fn commands(dialect: Dialect, line: &str) -> bool {
        let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
        let header = |line: &str| {
            ["---", "+++", "~~~"]
                .iter()
                .any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)))
                || line.strip_prefix("^^^").is_some_and(|rest| rest.trim() == "+++")
        };
        match dialect {
            Dialect::Plain => false,
            Dialect::GitHubActions => line.trim_start().starts_with("::") || line.contains("##["),
            Dialect::GiteaActions => starts(&["::", "##["]),
            Dialect::AzurePipelines => line.contains("##vso[") || starts(&["##["]),
            Dialect::TeamCity => line.contains("##teamcity["),
            Dialect::GitLab => line.contains("\r\u{1b}[0K") && (line.contains("section_start:") || line.contains("section_end:")),
            Dialect::Buildkite => header(line),
        }
    }

    const HOSTILE: &[&str] = &[
        "::error::x",
        " \t::add-mask::x",
        "::group::x",
        ":::x",
        "##[error]x",
        "##[group]x",
        "a ##[add-mask]x",
        "##vso[task.setvariable variable=x]y",
        "a ##vso[task.complete result=Failed;]",
        "###vso[task.setsecret]x",
        "##teamcity[buildProblem description='x']",
        "a ##teamcity[setParameter name='x' value='y']",
        "section_start:1:x\r\u{1b}[0Kx",
        "\u{1b}[0Ksection_end:1:x\r\u{1b}[0K",
        "--- x",
        "---\tx",
        "+++ x",
        "~~~ x",
        "--- ",
        "---",
        "^^^ +++",
        "^^^   +++  ",
        "\u{1b}[31m--- x",
    ];

    #[test]
    fn hostile_text_is_no_command_in_any_dialect() {
        for dialect in Dialect::ALL {
            for text in HOSTILE {
                let line = (of(*dialect).harmless)(clean::one_line(text));
                assert!(!commands(*dialect, &line), "{dialect:?}: {line:?}");
                for line in clean::lines(text).split('\n') {
                    let line = (of(*dialect).harmless)(line.to_owned());
                    assert!(!commands(*dialect, &line), "{dialect:?}: {line:?}");
                }
            }
            let dangers = HOSTILE.iter().filter(|text| commands(*dialect, text)).count();
            assert!(dangers > 0 || *dialect == Dialect::Plain, "{dialect:?}: the list holds nothing for it");
        }
    }

    #[test]
    fn hostile_text_stays_inside_the_command_that_carries_it() {
        for dialect in Dialect::ALL {
            let syntax = of(*dialect);
            for text in HOSTILE {
                let text = clean::one_line(text);
                let place = Place { path: text.clone(), line: Some(3) };
                let section = Section { title: text.clone(), name: "liftoff_1".to_owned(), seconds: 7 };
                let made = [
                    (syntax.annotation)(Annotation::Error, Some(&place), &text),
                    (syntax.annotation)(Annotation::Warning, None, &text),
                    Some((syntax.open_group)(&section)),
                    (syntax.close_group)(&section),
                    (syntax.mask)(&text),
                    (syntax.output)("NAME", &text),
                    (syntax.summary)(&text),
                ];
                for command in made.iter().flatten() {
                    for line in command.split('\n') {
                        // One command a line, and it begins the line.
                        let rest = line.get(2..).unwrap_or_default();
                        let inner = rest.contains("##vso[") || rest.contains("##teamcity[") || rest.contains("##[");
                        assert!(!inner, "{dialect:?}: {line:?}");
                    }
                }
            }
        }
    }
}
