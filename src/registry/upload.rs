//! Sends one blob: skips what is there, mounts what lies next door, repeats what failed for now.
//! It knows where bytes come from, not which image they belong to.

use reqwest::Body;
use tokio_util::io::ReaderStream;

use crate::error::{Error, Kind, Result};
use crate::registry::answer::Failure;
use crate::registry::archive::Extent;
use crate::registry::manifest::Part;
use crate::registry::repository::Repository;

/// Where a blob's bytes come from.
pub enum Origin<'a> {
    /// From memory.
    Bytes(Vec<u8>),
    /// From a file.
    File(Extent),
    /// From another repository, streamed through.
    Remote(&'a Repository),
}

/// How a blob came to be in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there already.
    Existed,
    /// The registry took it over from another repository of its own.
    Mounted,
    /// It was sent.
    Uploaded,
}

impl Arrival {
    /// Returns the word for a line of progress.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Existed => "exists already",
            Self::Mounted => "mounted",
            Self::Uploaded => "uploaded",
        }
    }
}

/// Sees to it that the repository has the blob. Never holds more than a buffer of it in memory
/// unless it came as bytes.
///
/// # Errors
/// As the registry answers, temporary failures only after all retries; `Project` when the
/// file cannot be read.
pub async fn upload(target: &Repository, part: &Part, origin: &Origin<'_>) -> Result<Arrival> {
    let doing = format!("push the layer {} to {}", part.digest, target.registry());
    let mut delays = target.retry_delays().iter();
    loop {
        let failure = match attempt(target, part, origin).await? {
            Ok(arrival) => return Ok(arrival),
            Err(failure) => failure,
        };
        match delays.next() {
            Some(delay) if failure.is_temporary() => {
                let pause = failure.retry_after.unwrap_or(*delay);
                tracing::warn!(reason = failure.reason, delay_ms = pause.as_millis(), "the upload failed for now, trying again");
                tokio::time::sleep(pause).await;
            }
            _ => return Err(failure.into_error(doing)),
        }
    }
}

/// The outer error is about the origin, the inner one about the target.
async fn attempt(target: &Repository, part: &Part, origin: &Origin<'_>) -> Result<std::result::Result<Arrival, Failure>> {
    match target.has_blob(&part.digest).await {
        Ok(true) => return Ok(Ok(Arrival::Existed)),
        Ok(false) => {}
        Err(failure) => return Ok(Err(failure)),
    }
    let neighbour = match origin {
        Origin::Remote(source) if source.registry() == target.registry() => Some(source.name()),
        _ => None,
    };
    let location = match target.start_upload(&part.digest, neighbour).await {
        Ok(Some(location)) => location,
        Ok(None) => return Ok(Ok(Arrival::Mounted)),
        Err(failure) => return Ok(Err(failure)),
    };
    let content = match origin {
        Origin::Bytes(bytes) => Body::from(bytes.clone()),
        Origin::File(extent) => file_body(extent)?,
        Origin::Remote(source) => Body::wrap_stream(source.blob(&part.digest).await?.bytes_stream()),
    };
    Ok(target.finish_upload(location, part.size, content).await.map(|()| Arrival::Uploaded))
}

fn file_body(extent: &Extent) -> Result<Body> {
    let opened =
        extent.open().map_err(|error| Error::new(Kind::Project, format!("read {}", extent.file.display())).because(error))?;
    let size = opened.limit();
    let file = tokio::fs::File::from_std(opened.into_inner());
    let reader = tokio::io::AsyncReadExt::take(file, size);
    Ok(Body::wrap_stream(ReaderStream::with_capacity(reader, 128 << 10)))
}
