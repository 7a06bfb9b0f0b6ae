//! An image registry's content: blobs, manifests, tags and uploads, with the checks a registry makes.
//! It must not know deploys, tokens' claims, nor how a request is spelled.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::digest;
use crate::refusal::Refusal;

/// Media type of a single-platform OCI manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of a single-platform Docker manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Media type of a Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A stored manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Media type it was pushed with.
    pub media_type: String,
    /// Content.
    pub bytes: Bytes,
}

/// Who may pull without a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Everybody.
    Public,
}

/// One repository.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Who may pull without a token.
    pub visibility: Visibility,
    /// Digests of the blobs it holds.
    pub blobs: BTreeSet<String>,
    /// Manifests by digest.
    pub manifests: BTreeMap<String, Manifest>,
    /// Digests by tag.
    pub tags: BTreeMap<String, String>,
}

/// An upload that has not ended.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Repository it belongs to.
    pub repository: String,
    /// Bytes so far.
    pub bytes: Vec<u8>,
}

/// A short-lived registry token.
#[derive(Clone)]
pub struct Grant {
    /// The bearer text.
    pub text: String,
    /// Repository and action (`pull` or `push`) pairs it allows.
    pub allows: BTreeSet<(String, String)>,
    /// The pairs that were asked for and refused.
    pub denies: BTreeSet<(String, String)>,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Grant").field("allows", &self.allows).finish_non_exhaustive()
    }
}

/// What a platform wants to know of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// `linux`.
    pub os: String,
    /// `amd64`.
    pub architecture: String,
    /// Labels of the image's configuration.
    pub labels: BTreeMap<String, String>,
    /// Digest of the single-platform manifest.
    pub digest: String,
}

/// The registry.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Repositories by name.
    pub repositories: BTreeMap<String, Repository>,
    /// Blob contents by digest, shared by the repositories that hold them.
    pub contents: BTreeMap<String, Bytes>,
    /// Uploads by id.
    pub uploads: BTreeMap<String, Upload>,
    /// Tokens given out.
    pub grants: Vec<Grant>,
}

impl Registry {
    /// Stores a blob in a repository after checking its digest.
    pub fn put_blob(&mut self, repository: &str, digest: &str, bytes: Bytes) -> Result<(), Refusal> {
        if digest::oci(&bytes) != digest {
            return Err(Refusal::new(400, "DIGEST_INVALID", "provided digest did not match uploaded content"));
        }
        self.contents.insert(digest.to_owned(), bytes);
        self.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.to_owned());
        Ok(())
    }

    /// Returns a blob of a repository.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.repositories.get(repository)?.blobs.get(digest).and_then(|digest| self.contents.get(digest)).cloned()
    }

    /// Makes a blob of one repository part of another; returns whether the source had it.
    pub fn mount(&mut self, from: &str, to: &str, digest: &str) -> bool {
        let found = self.blob(from, digest).is_some();
        if found {
            self.repositories.entry(to.to_owned()).or_default().blobs.insert(digest.to_owned());
        }
        found
    }

    /// Stores a manifest under a tag or digest and returns its digest; everything it names must be there.
    pub fn put_manifest(&mut self, name: &str, reference: &str, manifest: Manifest) -> Result<String, Refusal> {
        let invalid = |why: String| Refusal::new(400, "MANIFEST_INVALID", why);
        let body: Value = serde_json::from_slice(&manifest.bytes).map_err(|error| invalid(error.to_string()))?;
        if body["schemaVersion"] != 2 {
            return Err(invalid("schemaVersion is not 2".into()));
        }
        if body["mediaType"].as_str().is_some_and(|inner| inner != manifest.media_type) {
            return Err(invalid("Content-Type differs from mediaType".into()));
        }
        let digest = digest::oci(&manifest.bytes);
        if reference.contains(':') && reference != digest {
            return Err(Refusal::new(400, "DIGEST_INVALID", "provided digest did not match uploaded content"));
        }
        let repository = self.repositories.entry(name.to_owned()).or_default();
        let missing = match manifest.media_type.as_str() {
            OCI_MANIFEST | DOCKER_MANIFEST => missing_blob(repository, &body)?,
            OCI_INDEX | DOCKER_LIST => missing_manifest(repository, &body)?,
            other => return Err(invalid(format!("media type {other} is not supported"))),
        };
        if let Some(missing) = missing {
            return Err(Refusal::new(400, "MANIFEST_BLOB_UNKNOWN", format!("{missing} is unknown to the repository")));
        }
        repository.manifests.insert(digest.clone(), manifest);
        if !reference.contains(':') {
            repository.tags.insert(reference.to_owned(), digest.clone());
        }
        Ok(digest)
    }

    /// Returns a manifest and its digest by tag or digest.
    pub fn manifest(&self, name: &str, reference: &str) -> Option<(&str, &Manifest)> {
        let repository = self.repositories.get(name)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get_key_value(digest).map(|(digest, manifest)| (digest.as_str(), manifest))
    }

    /// Returns what a tag holds for linux/amd64; an error says what is missing or wrong.
    pub fn image(&self, name: &str, tag: &str) -> Result<ImageFacts, String> {
        let (mut digest, manifest) = self.manifest(name, tag).ok_or_else(|| format!("{name}:{tag} was not pushed"))?;
        let mut body: Value = serde_json::from_slice(&manifest.bytes).map_err(|error| error.to_string())?;
        if let Some(entries) = body["manifests"].as_array() {
            let wanted = |entry: &&Value| entry["platform"]["os"] == "linux" && entry["platform"]["architecture"] == "amd64";
            let entry = entries.iter().find(wanted).and_then(|entry| entry["digest"].as_str());
            let entry = entry.ok_or("the index has no linux/amd64 image")?;
            let (found, manifest) = self.manifest(name, entry).ok_or("the index names a missing manifest")?;
            digest = found;
            body = serde_json::from_slice(&manifest.bytes).map_err(|error| error.to_string())?;
        }
        let config = body["config"]["digest"].as_str().ok_or("the manifest names no configuration")?;
        let config = self.blob(name, config).ok_or("the image's configuration is missing")?;
        let config: Value = serde_json::from_slice(&config).map_err(|error| error.to_string())?;
        let word = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
        let labels = config["config"]["Labels"].as_object();
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        Ok(ImageFacts { os: word("os"), architecture: word("architecture"), labels: labels.collect(), digest: digest.to_owned() })
    }

    /// Puts a one-layer linux/amd64 image with these labels into a repository and returns its manifest digest.
    pub fn seed_image(&mut self, name: &str, tag: &str, labels: &[(&str, &str)]) -> String {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        // Two zero blocks: an empty tar archive.
        let layer = Bytes::from(vec![0_u8; 1024]);
        let layer_digest = digest::oci(&layer);
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": { "Labels": labels },
            "rootfs": { "type": "layers", "diff_ids": [layer_digest] },
            "history": [{ "created_by": "astro-sim" }],
        });
        let config = Bytes::from(config.to_string());
        let config_digest = digest::oci(&config);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": config.len() },
            "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer_digest, "size": layer.len() }],
        });
        let bytes = Bytes::from(manifest.to_string());
        let digest = digest::oci(&bytes);
        let repository = self.repositories.entry(name.to_owned()).or_default();
        repository.blobs.extend([layer_digest.clone(), config_digest.clone()]);
        repository.manifests.insert(digest.clone(), Manifest { media_type: OCI_MANIFEST.into(), bytes });
        repository.tags.insert(tag.to_owned(), digest.clone());
        self.contents.extend([(layer_digest, layer), (config_digest, config)]);
        digest
    }
}

fn missing_blob(repository: &Repository, body: &Value) -> Result<Option<String>, Refusal> {
    let layers = body["layers"].as_array().ok_or_else(|| Refusal::new(400, "MANIFEST_INVALID", "layers are missing"))?;
    for descriptor in std::iter::once(&body["config"]).chain(layers) {
        let digest = descriptor["digest"].as_str().unwrap_or("a descriptor without digest");
        // Foreign layers live elsewhere and are never uploaded.
        if descriptor["urls"].is_null() && !repository.blobs.contains(digest) {
            return Ok(Some(digest.to_owned()));
        }
    }
    Ok(None)
}

fn missing_manifest(repository: &Repository, body: &Value) -> Result<Option<String>, Refusal> {
    let entries = body["manifests"].as_array();
    let entries = entries.ok_or_else(|| Refusal::new(400, "MANIFEST_INVALID", "manifests are missing"))?;
    let digest = |entry: &Value| entry["digest"].as_str().unwrap_or("a descriptor without digest").to_owned();
    Ok(entries.iter().map(digest).find(|digest| !repository.manifests.contains_key(digest)))
}
