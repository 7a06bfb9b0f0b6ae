//! Lines for people, and for CI systems whose logs have no commands.

use crate::console::syntax::form::Syntax;

/// No commands.
pub const SYNTAX: Syntax = Syntax::SILENT;
