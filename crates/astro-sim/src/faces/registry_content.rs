//! Blobs, uploads and manifests of the image registry, for callers who may.
//! It must not know tokens.

use serde_json::json;

use crate::exchange::{Answer, Call};
use crate::faces::registry_place::Place;
use crate::refusal::Refusal;
use crate::rules::registry_access;
use crate::world::registry::{Manifest, Upload};
use crate::world::state::World;

/// Longest manifest, in bytes, as the reference registry has it.
const MAX_MANIFEST: usize = 4 << 20;

/// Performs an operation.
pub fn perform(world: &mut World, call: &Call, place: &Place, operation: &str) -> Result<Answer, Refusal> {
    match place {
        Place::Base | Place::Token => Ok(Answer::json(200, &json!({}))),
        Place::Blob(name, digest) => blob(world, name, digest),
        Place::Uploads(name) => start(world, call, name),
        Place::Upload(name, id) => upload(world, call, (name, id), operation),
        Place::Manifest(name, reference) if operation == "PutManifest" => put_manifest(world, call, name, reference),
        Place::Manifest(name, reference) => manifest(world, name, reference),
        Place::Tags(name) => tags(world, name),
    }
}

fn blob(world: &World, name: &str, digest: &str) -> Result<Answer, Refusal> {
    let bytes = world.registry.blob(name, digest);
    let bytes = bytes.ok_or_else(|| Refusal::new(404, "BLOB_UNKNOWN", "blob unknown to registry"))?;
    Ok(Answer::empty(200).header("content-type", "application/octet-stream").header("docker-content-digest", digest).body(bytes))
}

fn start(world: &mut World, call: &Call, name: &str) -> Result<Answer, Refusal> {
    if let (Some(digest), Some(from)) = (call.parameter("mount"), call.parameter("from")) {
        let bearer = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        let readable = bearer
            .and_then(|text| registry_access::live_grant(world, text))
            .is_some_and(|grant| grant.allows.contains(&(from.to_owned(), "pull".to_owned())));
        if readable && world.registry.mount(from, name, digest) {
            return Ok(stored(world, name, digest));
        }
    }
    if let Some(digest) = call.parameter("digest") {
        world.registry.put_blob(name, digest, call.body.clone())?;
        return Ok(stored(world, name, digest));
    }
    let id = world.ids.fresh();
    world.registry.uploads.insert(id.clone(), Upload { repository: name.to_owned(), bytes: Vec::new() });
    Ok(progress(world, (name, &id), 202, 0))
}

fn upload(world: &mut World, call: &Call, (name, id): (&str, &str), operation: &str) -> Result<Answer, Refusal> {
    let limit = world.body_limit;
    let upload = world.registry.uploads.get_mut(id).filter(|upload| upload.repository == name);
    let upload = upload.ok_or_else(|| Refusal::new(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"))?;
    if operation == "GetUpload" {
        let length = upload.bytes.len();
        return Ok(progress(world, (name, id), 204, length));
    }
    if operation == "CancelUpload" {
        world.registry.uploads.remove(id);
        return Ok(Answer::empty(204));
    }
    let range = call.header("content-range").and_then(|range| range.trim_start_matches("bytes ").split_once('-'));
    if range.is_some_and(|(from, _)| from.parse() != Ok(upload.bytes.len())) {
        return Err(Refusal::new(416, "BLOB_UPLOAD_INVALID", "the chunk does not follow the bytes before it"));
    }
    if (upload.bytes.len() + call.body.len()) as u64 > limit {
        return Err(Refusal::new(413, "SIZE_INVALID", "the upload is too long"));
    }
    upload.bytes.extend_from_slice(&call.body);
    let length = upload.bytes.len();
    if operation == "PatchUpload" {
        return Ok(progress(world, (name, id), 202, length));
    }
    let digest = call.parameter("digest").ok_or_else(|| Refusal::new(400, "DIGEST_INVALID", "digest is missing"))?;
    let bytes = world.registry.uploads.remove(id).map(|upload| upload.bytes).unwrap_or_default();
    world.registry.put_blob(name, digest, bytes.into())?;
    Ok(stored(world, name, digest))
}

fn put_manifest(world: &mut World, call: &Call, name: &str, reference: &str) -> Result<Answer, Refusal> {
    if call.body.len() > MAX_MANIFEST {
        return Err(Refusal::new(400, "SIZE_INVALID", "the manifest is too long"));
    }
    let media_type = call.header("content-type").unwrap_or_default().to_owned();
    let digest = world.registry.put_manifest(name, reference, Manifest { media_type, bytes: call.body.clone() })?;
    let location = format!("{}/v2/{name}/manifests/{digest}", world.site.url);
    Ok(Answer::empty(201).header("location", &location).header("docker-content-digest", &digest))
}

fn manifest(world: &World, name: &str, reference: &str) -> Result<Answer, Refusal> {
    let found = world.registry.manifest(name, reference);
    let (digest, manifest) = found.ok_or_else(|| Refusal::new(404, "MANIFEST_UNKNOWN", "manifest unknown"))?;
    let answer = Answer::empty(200).header("content-type", &manifest.media_type).header("docker-content-digest", digest);
    Ok(answer.body(manifest.bytes.clone()))
}

fn tags(world: &World, name: &str) -> Result<Answer, Refusal> {
    let repository = world.registry.repositories.get(name);
    let repository = repository.ok_or_else(|| Refusal::new(404, "NAME_UNKNOWN", "repository name not known to registry"))?;
    Ok(Answer::json(200, &json!({ "name": name, "tags": repository.tags.keys().collect::<Vec<_>>() })))
}

fn progress(world: &World, (name, id): (&str, &str), status: u16, length: usize) -> Answer {
    let location = format!("{}/v2/{name}/blobs/uploads/{id}", world.site.url);
    let answer = Answer::empty(status).header("location", &location).header("docker-upload-uuid", id);
    answer.header("range", &format!("0-{}", length.saturating_sub(1)))
}

fn stored(world: &World, name: &str, digest: &str) -> Answer {
    let location = format!("{}/v2/{name}/blobs/{digest}", world.site.url);
    Answer::empty(201).header("location", &location).header("docker-content-digest", digest)
}
