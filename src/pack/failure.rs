//! Why packing stopped, before it is put into words.
//! It knows neither the folder nor the project; `bundle` adds them.

use std::io;

use crate::error::Error;

/// What a stage of the packing returns.
pub type Outcome<T> = Result<T, Failure>;

/// What ended the packing.
#[derive(Debug)]
pub enum Failure {
    /// An entry could not be read.
    Input(Error),
    /// The compressor or one of its threads broke.
    Defect(String),
    /// The bundle grew beyond this many bytes.
    Limit(u64),
    /// The bundle could not be written.
    Output(io::Error),
    /// The stages behind the reader have stopped; one of them holds the real failure.
    Stopped,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}
