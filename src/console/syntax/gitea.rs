//! The commands of Gitea's and Forgejo's runners, which read both streams. Of GitHub's they know groups
//! and masks, and show messages as they are written (`internal/pkg/report/reporter.go` of
//! <https://gitea.com/gitea/runner>), so messages are written for people.

use crate::console::syntax::form::Syntax;
use crate::console::syntax::github;

/// Gitea Actions and Forgejo Actions.
pub const SYNTAX: Syntax = Syntax {
    open_group: github::open_group,
    close_group: |_| Some("::endgroup::".to_owned()),
    mask: github::mask,
    harmless: github::harmless,
    ..Syntax::SILENT
};
