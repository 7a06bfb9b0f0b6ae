//! The command line: from arguments to a command and the settings given as flags.
//! It neither reads the environment nor runs anything.

pub mod command;
pub mod parse;
