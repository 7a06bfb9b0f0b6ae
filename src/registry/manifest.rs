//! Manifests, indexes and configs: which image of an index is ours, and what an image says.
//! Bytes in, values out; where they come from it does not know.

use oci_client::manifest::{OciDescriptor, OciImageIndex, OciImageManifest};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Kind, Result};
use crate::model::image::{ImageDigest, ImageFacts};

/// Largest manifest or index in bytes. Registries refuse more than 4 MiB by specification.
pub const MANIFEST_LIMIT: u64 = 4 << 20;
/// Largest config in bytes.
pub const CONFIG_LIMIT: u64 = 8 << 20;

/// Docker's manifest of one image.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The OCI manifest of one image.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Media types that are asked for.
pub const ACCEPTED: &[&str] = &[
    OCI_MANIFEST,
    DOCKER_MANIFEST,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// Returns the SHA-256 digest of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> ImageDigest {
    ImageDigest::from_hash(Sha256::digest(bytes).into())
}

/// What lies behind a name: one image, or a choice of images.
#[derive(Debug)]
pub enum Manifest {
    /// One image.
    Image(ImageManifest),
    /// The digest of the linux/amd64 image of an index.
    Choice(ImageDigest),
}

/// A manifest with the bytes that it was read from, because its digest is that of its bytes.
#[derive(Debug, Clone)]
pub struct ImageManifest {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Media type to push it as.
    pub media_type: String,
    /// The config.
    pub config: Part,
    /// The layers, lowest first, without those that must not be distributed.
    pub layers: Vec<Part>,
}

impl ImageManifest {
    /// Returns the bytes that a transfer moves at most.
    #[must_use]
    pub fn transfer_size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).fold(self.config.size, u64::saturating_add)
    }
}

/// A blob that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Digest of its bytes.
    pub digest: ImageDigest,
    /// Size in bytes.
    pub size: u64,
}

/// Reads a manifest or an index. `media_type` is what the source called it, possibly nothing.
///
/// # Errors
/// `Project` when it is neither, or an index without an image for linux/amd64.
pub fn read(bytes: Vec<u8>, media_type: &str) -> Result<Manifest> {
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| unusable(&error.to_string()))?;
    if value.get("manifests").is_some() {
        let index: OciImageIndex = serde_json::from_value(value).map_err(|error| unusable(&error.to_string()))?;
        return choose(&index).map(Manifest::Choice);
    }
    let manifest: OciImageManifest = serde_json::from_value(value).map_err(|error| unusable(&error.to_string()))?;
    let media_type = match (&manifest.media_type, media_type) {
        (Some(own), _) => own.clone(),
        (None, given) if given == DOCKER_MANIFEST => given.to_owned(),
        (None, _) => OCI_MANIFEST.to_owned(),
    };
    let config = part(&manifest.config)?;
    let ours = manifest
        .layers
        .iter()
        .filter(|layer| !layer.media_type.contains("nondistributable") && !layer.media_type.contains("foreign"));
    let layers = ours.map(part).collect::<Result<_>>()?;
    Ok(Manifest::Image(ImageManifest { bytes, media_type, config, layers }))
}

/// Chooses the image for linux/amd64, or the only one when it does not say what it is for.
/// Attestations are entries of an index too, for the platform `unknown`.
fn choose(index: &OciImageIndex) -> Result<ImageDigest> {
    let is_attestation = |entry: &oci_client::manifest::ImageIndexEntry| {
        let annotations = entry.annotations.as_ref();
        annotations.is_some_and(|annotations| annotations.contains_key("vnd.docker.reference.type"))
    };
    let images: Vec<_> = index.manifests.iter().filter(|entry| !is_attestation(entry)).collect();
    let platform = |entry: &oci_client::manifest::ImageIndexEntry| {
        entry.platform.as_ref().map(|platform| format!("{}/{}", platform.os, platform.architecture))
    };
    let ours = images.iter().find(|entry| platform(entry).as_deref() == Some("linux/amd64"));
    let chosen = ours.or(match images.as_slice() {
        [only] if only.platform.is_none() => Some(only),
        _ => None,
    });
    let Some(chosen) = chosen else {
        let found: Vec<String> = images.iter().map(|entry| platform(entry).unwrap_or_else(|| "unnamed".to_owned())).collect();
        return Err(unusable(&format!("it holds no image for linux/amd64 but: {}", found.join(", ")))
            .hint("build the image for linux/amd64, the platform of Deployments"));
    };
    ImageDigest::parse(&chosen.digest).ok_or_else(|| unusable("it names a digest that is not SHA-256"))
}

fn part(descriptor: &OciDescriptor) -> Result<Part> {
    let digest = ImageDigest::parse(&descriptor.digest).ok_or_else(|| unusable("it names a digest that is not SHA-256"))?;
    let size = u64::try_from(descriptor.size).map_err(|_| unusable("it names a negative size"))?;
    Ok(Part { digest, size })
}

/// Reads an image's facts from the bytes of its config.
///
/// # Errors
/// `Project` when they are not an image's config.
pub fn facts(config: &[u8], size: Option<u64>) -> Result<ImageFacts> {
    let value: Value = serde_json::from_slice(config).map_err(|error| unusable(&error.to_string()))?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let label = |name: &str| value.pointer("/config/Labels")?.get(name)?.as_str().map(str::to_owned);
    Ok(ImageFacts {
        runtime_version: label(ImageFacts::RUNTIME_LABEL),
        airflow_version: label(ImageFacts::AIRFLOW_LABEL),
        os: text("/os").ok_or_else(|| unusable("its config names no operating system"))?,
        architecture: text("/architecture").ok_or_else(|| unusable("its config names no architecture"))?,
        digest: sha256(config),
        size,
    })
}

fn unusable(why: &str) -> Error {
    Error::new(Kind::Project, "understand the image").because(why)
}
