//! The one error of the program: what was being done, why it failed, what to do next.
//! It knows exit codes but no adapter, no console and no wire format.

use std::fmt;

/// What a fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// The class of a failure. Each class has one exit code, which is a public contract
/// (`docs/exit-codes.md`); the code of an existing class never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A defect of Liftoff itself.
    Internal,
    /// Unknown or contradictory flags, inputs, variables or file keys.
    Usage,
    /// The project, the checkout or the CI context cannot be used.
    Project,
    /// The token is missing, malformed, expired or of the wrong kind.
    Auth,
    /// The Deployment (or another named thing) does not exist, or its name is ambiguous.
    NotFound,
    /// The platform or one of Liftoff's guards refused.
    Refused,
    /// The user's own checks failed.
    ChecksFailed,
    /// The image could not be built.
    BuildFailed,
    /// A transfer failed after all retries.
    Transfer,
    /// Deployed, but the Deployment is unhealthy or the deploy ended badly.
    Unhealthy,
    /// The time budget ran out.
    TimedOut,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl Kind {
    /// Every kind, in the order of its exit code.
    pub const ALL: &'static [Self] = &[
        Self::Internal,
        Self::Usage,
        Self::Project,
        Self::Auth,
        Self::NotFound,
        Self::Refused,
        Self::ChecksFailed,
        Self::BuildFailed,
        Self::Transfer,
        Self::Unhealthy,
        Self::TimedOut,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Returns the process exit code of this kind.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Project => 3,
            Self::Auth => 4,
            Self::NotFound => 5,
            Self::Refused => 6,
            Self::ChecksFailed => 7,
            Self::BuildFailed => 8,
            Self::Transfer => 9,
            Self::Unhealthy => 10,
            Self::TimedOut => 11,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Returns the stable machine-readable name, as `--json` prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Project => "project",
            Self::Auth => "auth",
            Self::NotFound => "not-found",
            Self::Refused => "refused",
            Self::ChecksFailed => "checks-failed",
            Self::BuildFailed => "build-failed",
            Self::Transfer => "transfer",
            Self::Unhealthy => "unhealthy",
            Self::TimedOut => "timed-out",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

/// A place in a file that an error is about; CI systems show it as an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path as shown to the user, relative to the repository where possible.
    pub path: String,
    /// 1-based line, when known.
    pub line: Option<usize>,
}

/// A failure, ready to be shown: `could not <doing>`, `because: …`, `hint: …`.
#[derive(Clone)]
pub struct Error(Box<Parts>);

#[derive(Clone)]
struct Parts {
    kind: Kind,
    doing: String,
    because: Option<String>,
    hint: Option<String>,
    place: Option<Place>,
}

impl Error {
    /// Creates an error. `doing` is lower case and follows "could not": `"read liftoff.toml"`.
    pub fn new(kind: Kind, doing: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, doing: doing.into(), because: None, hint: None, place: None }))
    }

    /// Sets the cause. It may hold several lines; it must never hold a secret.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.because = Some(cause.to_string());
        self
    }

    /// Sets what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Points at a file and, when known, a 1-based line.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: Option<usize>) -> Self {
        self.0.place = Some(Place { path: path.into(), line });
        self
    }

    /// Returns the error with every text of it, the place's path included, replaced by what the
    /// function makes of it.
    #[must_use]
    pub fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        let parts = &mut *self.0;
        parts.doing = change(&parts.doing);
        parts.because = parts.because.as_deref().map(&change);
        parts.hint = parts.hint.as_deref().map(&change);
        if let Some(place) = &mut parts.place {
            place.path = change(&place.path);
        }
        self
    }

    /// Returns the class of this failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns what was being done, without the words "could not".
    #[must_use]
    pub fn doing(&self) -> &str {
        &self.0.doing
    }

    /// Returns the cause, when there is one.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.because.as_deref()
    }

    /// Returns the advice, when there is one.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the place in a file, when there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}", self.0.doing)?;
        if let Some(because) = &self.0.because {
            write!(f, "\nbecause: {}", because.trim_end().replace('\n', "\n         "))?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\nhint: {}", hint.trim_end().replace('\n', "\n      "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.0.kind.name())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_next() {
        let error = Error::new(Kind::Project, "read liftoff.toml")
            .because("line 3: unknown key\nline 4: unknown key")
            .hint("did you mean `root-folder`?")
            .at("liftoff.toml", Some(3));
        assert_eq!(
            error.to_string(),
            "could not read liftoff.toml\nbecause: line 3: unknown key\n         line 4: unknown key\nhint: did you mean `root-folder`?"
        );
        assert_eq!(error.kind().exit_code(), 3);
        assert_eq!(error.place().and_then(|place| place.line), Some(3));
    }

    #[test]
    fn every_text_of_an_error_can_be_changed() {
        let error = Error::new(Kind::Auth, "use hunter2").because("hunter2 is bad").hint("not hunter2").at("hunter2", Some(1));
        let changed = error.map_text(|text| text.replace("hunter2", "***"));
        assert_eq!(changed.to_string(), "could not use ***\nbecause: *** is bad\nhint: not ***");
        assert_eq!(changed.place(), Some(&Place { path: "***".to_owned(), line: Some(1) }));
        assert_eq!(changed.kind(), Kind::Auth);
    }

    #[test]
    fn exit_codes_are_unique() {
        let mut codes: Vec<u8> = Kind::ALL.iter().map(|kind| kind.exit_code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
