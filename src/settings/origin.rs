//! Where a setting's value came from.
//! It names places for people; it reads none of them.

use std::fmt;

/// Where a value came from, strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by the setting's name.
    Flag(&'static str),
    /// An input of the action, by the setting's name.
    Input(&'static str),
    /// A variable, by its own name.
    Variable(String),
    /// A line of the settings file, 1-based.
    File {
        /// The file as shown to people.
        path: String,
        /// The line.
        line: usize,
        /// The section that it stands in, such as `[branch."main"]`.
        section: Option<String>,
    },
    /// What the CI system says, by the provider's name.
    Ci(&'static str),
    /// The table's default.
    Default,
}

impl Origin {
    /// Returns whether a person gave the value.
    #[must_use]
    pub const fn is_explicit(&self) -> bool {
        !matches!(self, Self::Ci(_) | Self::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Input(name) => write!(f, "input {name}"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line, section: None } => write!(f, "{path} line {line}"),
            Self::File { path, line, section: Some(section) } => write!(f, "{path} line {line} ({section})"),
            Self::Ci(provider) => write!(f, "CI context ({provider})"),
            Self::Default => f.write_str("default"),
        }
    }
}
