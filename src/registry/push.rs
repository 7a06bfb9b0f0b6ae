//! Pushes an opened image to a registry: blobs first, then the manifest that names them.
//! It judges neither image nor target.

use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::env::temporary::private_folder;
use crate::error::{Error, Kind, Result};
use crate::model::image::{ImageDigest, RegistryLogin};
use crate::registry::archive::Extent;
use crate::registry::manifest::{ImageManifest, Part, sha256};
use crate::registry::prebuilt::{Prebuilt, PrebuiltBody};
use crate::registry::repository::{Access, Repository, Transport};
use crate::registry::stored::{Content, StoredImage, docker_manifest, pack_layer};
use crate::registry::upload::{Origin, upload};

/// Blobs that are sent at the same time.
const AT_ONCE: usize = 3;

/// Receives a line for each blob that arrived.
pub type OnLine<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Where to push to.
#[derive(Debug, Clone)]
pub struct PushTarget {
    /// Registry and repository, such as `images.example/org/deployment`.
    pub repository: String,
    /// Tag to push under.
    pub tag: String,
    /// Login for the registry.
    pub login: RegistryLogin,
}

/// Pushes the image as a single manifest for linux/amd64 and returns the manifest's digest.
/// Layers that the registry has are not sent again; those of a `docker save` archive are
/// compressed in a private folder below `temporary`.
///
/// # Errors
/// `Auth`, `Refused` or `Transfer` as the registry answers, temporary failures only after all
/// retries; `Project` when the image's files cannot be read.
pub async fn push(
    transport: &Transport,
    image: &Prebuilt,
    target: &PushTarget,
    temporary: &Path,
    on_line: OnLine<'_>,
) -> Result<ImageDigest> {
    let Some(address) = target.repository.split_once('/') else {
        return Err(Error::new(Kind::Usage, format!("push to `{}`", target.repository)).because("it names no registry"));
    };
    let mut repository = Repository::new(transport, address, Some(target.login.clone()), Access::Push)?;
    match &image.body {
        PrebuiltBody::Remote(remote) => {
            if remote.repository.registry() == repository.registry() {
                repository = repository.reading_also(remote.repository.name());
            }
            let origin = |_: &Part| Ok(Origin::Remote(&remote.repository));
            push_manifest(&repository, &remote.manifest, &target.tag, origin, on_line).await
        }
        PrebuiltBody::Stored(stored) => match &stored.content {
            Content::Manifest(manifest) => {
                let origin = |part: &Part| Ok(Origin::File(stored.blob(&part.digest)?));
                push_manifest(&repository, manifest, &target.tag, origin, on_line).await
            }
            Content::Layers(layers) => push_layers(&repository, (stored, layers), &target.tag, temporary, on_line).await,
        },
    }
}

async fn push_manifest<'a>(
    repository: &Repository,
    manifest: &ImageManifest,
    tag: &str,
    origin: impl Fn(&Part) -> Result<Origin<'a>>,
    on_line: OnLine<'_>,
) -> Result<ImageDigest> {
    let mut parts: Vec<(Part, Origin<'a>)> = Vec::new();
    for part in manifest.layers.iter().chain([&manifest.config]) {
        // Two equal layers are one blob.
        if parts.iter().all(|(other, _)| other.digest != part.digest) {
            parts.push((part.clone(), origin(part)?));
        }
    }
    send_all(repository, &parts, on_line).await?;
    repository.put_manifest(tag, manifest.bytes.clone(), &manifest.media_type).await
}

async fn send_all(repository: &Repository, parts: &[(Part, Origin<'_>)], on_line: OnLine<'_>) -> Result<()> {
    let count = parts.len();
    let sends = parts.iter().enumerate().map(|(index, (part, origin))| async move {
        let arrival = upload(repository, part, origin).await?;
        on_line(&progress((index + 1, count), part, arrival.word()));
        Ok::<(), Error>(())
    });
    stream::iter(sends.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

async fn push_layers(
    repository: &Repository,
    (stored, layers): (&StoredImage, &[Extent]),
    tag: &str,
    temporary: &Path,
    on_line: OnLine<'_>,
) -> Result<ImageDigest> {
    let failed = |error: std::io::Error| Error::new(Kind::Project, "create a temporary folder").because(error);
    let folder = private_folder(temporary, "liftoff-registry-").map_err(failed)?;
    let mut packed = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let (layer, file) = (layer.clone(), folder.path().join(index.to_string()));
        let task = tokio::task::spawn_blocking(move || pack_layer(&layer, &file)).await;
        let ready = task.map_err(|error| Error::new(Kind::Internal, "compress a layer of the image").because(error))??;
        let arrival = upload(repository, &ready.part, &Origin::File(ready.extent.clone())).await?;
        on_line(&progress((index + 1, layers.len()), &ready.part, arrival.word()));
        // Compressed layers of a large image would otherwise fill the disk.
        if ready.extent.file.starts_with(folder.path()) {
            let _ = std::fs::remove_file(&ready.extent.file);
        }
        packed.push(ready);
    }
    let config = Part { digest: sha256(&stored.config), size: stored.config.len() as u64 };
    upload(repository, &config, &Origin::Bytes(stored.config.clone())).await?;
    let (manifest, media_type) = docker_manifest(&stored.config, &packed);
    repository.put_manifest(tag, manifest, media_type).await
}

fn progress((number, count): (usize, usize), part: &Part, word: &str) -> String {
    let short = part.digest.hex().get(..12).unwrap_or_default();
    format!("layer {number}/{count} {short} ({} bytes): {word}", part.size)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::image::ImageSource;
    use crate::model::secret::Secret;
    use crate::registry::fake_registry::FakeRegistry;
    use crate::registry::prebuilt::open;

    const CONFIG: &[u8] =
        br#"{"os":"linux","architecture":"amd64","config":{"Labels":{"io.astronomer.docker.runtime.version":"3.1-4"}}}"#;

    /// Writes an OCI layout whose index holds an arm64 image, an attestation and ours.
    fn layout(folder: &Path) -> ImageDigest {
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).expect("a folder");
        let put = |bytes: &[u8]| {
            let digest = sha256(bytes);
            std::fs::write(blobs.join(digest.hex()), bytes).expect("a file");
            serde_json::json!({ "mediaType": "x", "digest": digest.as_str(), "size": bytes.len() })
        };
        let (config, layer) = (put(CONFIG), put(&[7; 300_000]));
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            serde_json::json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer, layer] });
        let manifest = put(manifest.to_string().as_bytes());
        let entry = |os: &str, architecture: &str, kind: &str| {
            let mut entry = manifest.clone();
            entry["platform"] = serde_json::json!({ "os": os, "architecture": architecture });
            if !kind.is_empty() {
                entry["annotations"] = serde_json::json!({ "vnd.docker.reference.type": kind });
            }
            if architecture != "amd64" {
                entry["digest"] = format!("sha256:{}", "0".repeat(64)).into();
            }
            entry
        };
        let entries =
            [entry("linux", "arm64", ""), entry("unknown", "unknown", "attestation-manifest"), entry("linux", "amd64", "")];
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries });
        std::fs::write(folder.join("index.json"), index.to_string()).expect("a file");
        std::fs::write(folder.join("oci-layout"), "{}").expect("a file");
        ImageDigest::parse(manifest["digest"].as_str().expect("text")).expect("a digest")
    }

    fn transport(retries: usize) -> Transport {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Transport { http, retry_delays: vec![Duration::ZERO; retries] }
    }

    fn target(registry: &FakeRegistry, repository: &str, password: &str) -> PushTarget {
        let login = RegistryLogin::astro(&Secret::new(password));
        PushTarget { repository: format!("{}/{repository}", registry.address), tag: "1".to_owned(), login }
    }

    #[tokio::test]
    async fn a_layout_is_pushed_with_a_token_and_copied_without_sending_layers() {
        let registry = FakeRegistry::start(0).await;
        let folder = tempfile::tempdir().expect("a folder");
        let digest = layout(folder.path());
        let source = ImageSource::Layout(folder.path().to_owned());
        let image = open(&transport(0), &source, None, folder.path()).await.expect("an image");
        assert_eq!(image.facts.runtime_version.as_deref(), Some("3.1-4"));
        assert_eq!(image.facts.digest, sha256(CONFIG));
        let pushed = push(&transport(0), &image, &target(&registry, "org/a", "t0ken"), folder.path(), &|_| {}).await;
        assert_eq!(pushed.expect("the push succeeds"), digest);
        assert_eq!(registry.uploads(), 2, "the layer that occurs twice is sent once");

        let source = ImageSource::Registry(format!("{}/org/a:1", registry.address));
        let login = Some(RegistryLogin::astro(&Secret::new("t0ken")));
        let remote = open(&transport(0), &source, login, folder.path()).await.expect("an image");
        assert_eq!(remote.facts, image.facts);
        let copied = push(&transport(0), &remote, &target(&registry, "org/b", "t0ken"), folder.path(), &|_| {}).await;
        assert_eq!(copied.expect("the copy succeeds"), digest);
        assert_eq!(registry.uploads(), 2, "blobs are mounted");
        assert_eq!(registry.tags(), ["org/a:1", "org/b:1"]);

        let other = FakeRegistry::start(0).await;
        let copied = push(&transport(0), &remote, &target(&other, "org/c", "t0ken"), folder.path(), &|_| {}).await;
        assert_eq!(copied.expect("the copy succeeds"), digest);
        assert_eq!(other.uploads(), 2, "another registry gets the bytes");
    }

    #[tokio::test]
    async fn uploads_are_repeated_after_temporary_failures_only_as_often_as_allowed() {
        for (failures, retries, expected) in [(2, 2, None), (3, 1, Some(Kind::Transfer))] {
            let registry = FakeRegistry::start(failures).await;
            let folder = tempfile::tempdir().expect("a folder");
            layout(folder.path());
            let source = ImageSource::Layout(folder.path().to_owned());
            let image = open(&transport(0), &source, None, folder.path()).await.expect("an image");
            let target = target(&registry, "org/a", "t0ken");
            let pushed = push(&transport(retries), &image, &target, folder.path(), &|_| {}).await;
            assert_eq!(pushed.err().map(|error| error.kind()), expected, "{failures} failures, {retries} retries");
            assert_eq!(registry.tags().len(), usize::from(expected.is_none()));
        }
    }

    #[tokio::test]
    async fn a_wrong_token_is_an_error_of_its_own_that_does_not_show_it() {
        let registry = FakeRegistry::start(0).await;
        let folder = tempfile::tempdir().expect("a folder");
        layout(folder.path());
        let image =
            open(&transport(0), &ImageSource::Layout(folder.path().to_owned()), None, folder.path()).await.expect("an image");
        let target = target(&registry, "org/a", "wr0ng");
        let error = push(&transport(2), &image, &target, folder.path(), &|_| {}).await.expect_err("the push fails");
        assert_eq!(error.kind(), Kind::Auth);
        assert!(!format!("{error:?}").contains("wr0ng") && registry.tags().is_empty(), "{error}");
    }
}
