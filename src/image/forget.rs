//! Takes a name off an image in the engine, so that long-lived machines do not fill up.
//! Layers that other images or the build cache use stay.

use crate::error::{Error, Kind, Result};
use crate::image::child;
use crate::image::engine::{Engine, EngineKind};

/// Removes the engine's name for an image.
///
/// # Errors
/// `Kind::Transfer` with the engine's words; callers make it a warning.
pub async fn forget(engine: &Engine, name: &str) -> Result<()> {
    let call = engine.call(engine.env().current_dir(), &[]);
    let call = match engine.kind {
        EngineKind::Docker => call.args(["image", "rm", "--no-prune", "--", name]),
        EngineKind::Podman => call.args(["image", "rm", "--", name]),
        EngineKind::Buildah => call.args(["rmi", "--", name]),
    };
    let captured = child::capture(&call).await?;
    if captured.ended.succeeded() {
        return Ok(());
    }
    Err(Error::new(Kind::Transfer, format!("remove the local image {name}")).because(captured.ended.describe()))
}
