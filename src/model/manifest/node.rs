//! The values of a YAML or JSON text with the lines that they stand on.
//! It knows neither keys nor what they mean.

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// 1-based line.
    pub line: usize,
    /// The value.
    pub shape: Shape,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number as it is written, so that `0.10` stays what it is where a text is wanted.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text; no key is there twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// 1-based line.
    pub line: usize,
    /// The key.
    pub text: String,
}

impl Shape {
    /// Returns what this is called where something else was wanted.
    #[must_use]
    pub const fn called(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}
