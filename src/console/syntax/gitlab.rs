//! The sections of GitLab's job logs: <https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections>.
//! The log holds both streams. Messages are written for people, and a section's marks end in control
//! characters, which no cleaned text has.

use crate::console::syntax::form::{Section, Syntax};

/// GitLab CI.
pub const SYNTAX: Syntax = Syntax {
    open_group: |section| format!("{}{}", mark("start", section), section.title),
    close_group: |section| Some(mark("end", section)),
    ..Syntax::SILENT
};

fn mark(side: &str, section: &Section) -> String {
    format!("\u{1b}[0Ksection_{side}:{}:{}\r\u{1b}[0K", section.seconds, section.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_a_time_and_a_name() {
        let section = Section { title: "the plan".to_owned(), name: "liftoff_1".to_owned(), seconds: 1_764_182_601 };
        assert_eq!((SYNTAX.open_group)(&section), "\u{1b}[0Ksection_start:1764182601:liftoff_1\r\u{1b}[0Kthe plan");
        assert_eq!((SYNTAX.close_group)(&section).as_deref(), Some("\u{1b}[0Ksection_end:1764182601:liftoff_1\r\u{1b}[0K"));
    }
}
