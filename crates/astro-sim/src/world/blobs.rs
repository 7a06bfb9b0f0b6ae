//! Blob storage with versions, behind signed addresses (reference/astro-platform.md 3.6).
//! It must not know deploys, nor how a request is spelled.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};

use crate::digest;
use crate::refusal::Refusal;

/// Most blocks a blob may be made of.
const MAX_BLOCKS: usize = 50_000;

/// One uploaded content of a blob.
#[derive(Clone, Debug)]
pub struct BlobVersion {
    /// Version id, such as `2024-01-12T18:32:20.5898930Z`; unique in the store.
    pub version: String,
    /// Content.
    pub bytes: Bytes,
}

/// One blob.
#[derive(Clone, Debug, Default)]
pub struct Blob {
    /// Contents, oldest first.
    pub versions: Vec<BlobVersion>,
    /// Blocks put and not yet committed, by block id.
    pub staged: BTreeMap<String, Bytes>,
}

/// The store.
#[derive(Clone, Debug)]
pub struct BlobStore {
    /// Blobs by name.
    pub blobs: BTreeMap<String, Blob>,
    /// How long a signed address works.
    pub signature_lifetime: SignedDuration,
    last_tick: i128,
}

impl Default for BlobStore {
    fn default() -> BlobStore {
        BlobStore { blobs: BTreeMap::new(), signature_lifetime: SignedDuration::from_hours(1), last_tick: 0 }
    }
}

impl BlobStore {
    /// Makes room for a blob of this name.
    pub fn create(&mut self, name: &str) {
        self.blobs.entry(name.to_owned()).or_default();
    }

    /// Returns the signed query of a blob's address.
    pub fn sign(&self, name: &str, now: Timestamp) -> String {
        let expiry = now.saturating_add(self.signature_lifetime).unwrap_or(Timestamp::MAX).as_second();
        let expiry = Timestamp::from_second(expiry).unwrap_or(Timestamp::MAX).to_string();
        let signature = digest::tag(&["blob", name, &expiry]);
        format!("sv=2024-11-04&se={}&sr=b&sp=cw&sig={signature}", expiry.replace(':', "%3A"))
    }

    /// Returns an error unless the signature belongs to the blob and has not expired.
    pub fn check_signature(&self, name: &str, expiry: &str, signature: &str, now: Timestamp) -> Result<(), Refusal> {
        let refused = |why: &str| Refusal::new(403, "AuthenticationFailed", why);
        if signature != digest::tag(&["blob", name, expiry]) {
            return Err(refused("Server failed to authenticate the request: signature did not match."));
        }
        match expiry.parse::<Timestamp>() {
            Ok(until) if now <= until => Ok(()),
            _ => Err(refused("Server failed to authenticate the request: signature not valid in the specified time frame.")),
        }
    }

    /// Stores a whole content and returns its version.
    pub fn put(&mut self, name: &str, bytes: Bytes, now: Timestamp) -> Result<String, Refusal> {
        let version = self.next_version(now);
        let blob = self.blob_mut(name)?;
        blob.staged.clear();
        blob.versions.push(BlobVersion { version: version.clone(), bytes });
        Ok(version)
    }

    /// Stages a block; ids are base64 and all of one length within a blob.
    pub fn stage(&mut self, name: &str, block: &str, bytes: Bytes) -> Result<(), Refusal> {
        let blob = self.blob_mut(name)?;
        let same_length = blob.staged.keys().next().is_none_or(|other| other.len() == block.len());
        if !same_length || digest::from_base64(block).is_none_or(|id| id.is_empty() || id.len() > 64) {
            return Err(Refusal::new(400, "InvalidQueryParameterValue", "The block id is not base64 or differs in length."));
        }
        if blob.staged.len() >= MAX_BLOCKS {
            return Err(Refusal::new(409, "BlockCountExceedsLimit", "The uncommitted block count exceeds the limit."));
        }
        blob.staged.insert(block.to_owned(), bytes);
        Ok(())
    }

    /// Joins staged blocks into a content and returns its version.
    pub fn commit(&mut self, name: &str, blocks: &[String], now: Timestamp) -> Result<String, Refusal> {
        let blob = self.blob_mut(name)?;
        let mut whole = BytesMut::new();
        for block in blocks {
            let Some(bytes) = blob.staged.get(block) else {
                return Err(Refusal::new(400, "InvalidBlockList", "The specified block list is invalid."));
            };
            whole.extend_from_slice(bytes);
        }
        self.put(name, whole.freeze(), now)
    }

    /// Returns whether a blob has this version.
    pub fn has(&self, name: &str, version: &str) -> bool {
        self.blobs.get(name).is_some_and(|blob| blob.versions.iter().any(|stored| stored.version == version))
    }

    /// Returns the content of a version, whichever blob has it.
    pub fn version(&self, version: &str) -> Option<Bytes> {
        self.blobs
            .values()
            .flat_map(|blob| &blob.versions)
            .find(|stored| stored.version == version)
            .map(|stored| stored.bytes.clone())
    }

    fn blob_mut(&mut self, name: &str) -> Result<&mut Blob, Refusal> {
        self.blobs.get_mut(name).ok_or_else(|| Refusal::new(404, "BlobNotFound", "The specified blob does not exist."))
    }

    fn next_version(&mut self, now: Timestamp) -> String {
        // Azure counts in steps of 100 ns; a stopped clock must still yield different versions.
        self.last_tick = (now.as_nanosecond() / 100).max(self.last_tick + 1);
        let at = Timestamp::from_nanosecond(self.last_tick * 100).unwrap_or(now);
        format!("{}.{:07}Z", at.strftime("%Y-%m-%dT%H:%M:%S"), self.last_tick.rem_euclid(10_000_000))
    }
}
