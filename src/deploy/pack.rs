//! Packing and uploading a bundle as part of a deploy.
//! What belongs to the bundle was decided before; the bytes are the business of `pack`.

use crate::blob::upload::{Limits, Upload, upload};
use crate::console::progress::Total;
use crate::deploy::order::{BundleInput, Tools};
use crate::error::{Error, Kind, Result};
use crate::model::entry::EntryKind;
use crate::model::ids::BundleVersion;
use crate::model::url::SafeUrl;
use crate::pack::bundle::{BundleOptions, ExtraFile, PackedBundle, write};

/// Packs a bundle and checks that it holds what the plan was made with.
///
/// # Errors
/// `Kind::Project` when files cannot be read or changed since the plan was made.
pub async fn packed(tools: &Tools<'_>, label: &str, input: &BundleInput, extra: Vec<ExtraFile>) -> Result<PackedBundle> {
    let bytes = input.entries.iter().map(|entry| match &entry.kind {
        EntryKind::File { size, .. } => *size,
        EntryKind::Symlink { .. } => 0,
    });
    let progress = tools.console.progress(&format!("pack the {label}"), Total::Bytes(bytes.sum()));
    let (input, temporary, threads) = (input.clone(), tools.temporary.clone(), tools.threads);
    let counter = progress.clone();
    let expected = input.fingerprint;
    let bundle = blocking(move || {
        let options = BundleOptions {
            prefix: &input.prefix,
            extra: &extra,
            threads,
            purpose: &input.purpose,
            limit: None,
            temp_dir: &temporary,
        };
        write(&input.entries, &options, &|count| counter.add(count))
    })
    .await?;
    if bundle.fingerprint() != expected {
        return Err(Error::new(Kind::Project, format!("pack the {label}"))
            .because("files changed between the plan and the packing")
            .hint("let nothing write to the project while Liftoff runs, then start again; nothing was deployed"));
    }
    progress.finish();
    Ok(bundle)
}

/// Uploads a packed bundle and returns its version.
///
/// # Errors
/// As `blob::upload::upload`; `Kind::Transfer` when the platform gave no URL.
pub async fn uploaded(tools: &Tools<'_>, label: &str, bundle: &PackedBundle, url: Option<&SafeUrl>) -> Result<BundleVersion> {
    let Some(url) = url else {
        return Err(Error::new(Kind::Transfer, format!("upload the {label}"))
            .because("Astro gave no upload URL for this deploy")
            .hint("DAG deploys may have been disabled a moment ago; run again"));
    };
    let progress = tools.console.progress(&format!("upload the {label}"), Total::Bytes(bundle.size()));
    let request = Upload { url, file: bundle.path(), md5: Some(bundle.md5()) };
    let version = upload(&tools.transfers, &request, &Limits::default(), &|sent, _| progress.set(sent)).await?;
    progress.finish();
    Ok(version)
}

/// Runs blocking work on a thread of its own.
///
/// # Errors
/// The work's own; `Kind::Internal` when it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::new(Kind::Internal, "finish work on another thread").because(error))?
}
