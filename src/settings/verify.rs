//! What it means for a run that Airflow can no longer import a file: the words of the setting.
//! It does not know how anybody finds out.

/// What files that Airflow can no longer import after a deploy do to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Nobody looks.
    Off,
    /// They are a warning.
    Warn,
    /// They fail the run.
    Fail,
}

impl Verify {
    /// Returns what a word of the setting means.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "off" => Self::Off,
            "warn" => Self::Warn,
            _ => Self::Fail,
        }
    }
}
