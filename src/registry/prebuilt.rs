//! A prebuilt image that no engine holds: opened from a file or a registry, with its facts.
//! It only reads; sending it is the business of `push`.

use std::path::{Path, PathBuf};

use oci_client::Reference;

use crate::error::{Error, Kind, Result};
use crate::model::image::{ImageFacts, ImageSource, RegistryLogin};
use crate::registry::answer::{Excess, body};
use crate::registry::manifest::{CONFIG_LIMIT, ImageManifest, Manifest, facts, read, sha256};
use crate::registry::repository::{Access, Repository, Transport};
use crate::registry::stored::{Content, StoredImage};

/// An opened image.
pub struct Prebuilt {
    /// What it says about itself.
    pub facts: ImageFacts,
    /// Where its bytes are.
    pub body: PrebuiltBody,
}

/// The bytes of an opened image.
pub enum PrebuiltBody {
    /// In files.
    Stored(Box<StoredImage>),
    /// In a registry.
    Remote(Box<RemoteImage>),
}

/// An image in a registry.
pub struct RemoteImage {
    /// Its repository.
    pub repository: Repository,
    /// Its manifest.
    pub manifest: ImageManifest,
}

/// Opens an image that lies in a file, a folder or a registry. `login` is for the registry that
/// it is read from; `temporary` is the folder for a compressed archive's contents.
///
/// # Errors
/// `Project` when it is no image for linux/amd64, `NotFound`, `Auth`, `Refused` or `Transfer`
/// as the registry answers, `Internal` for an engine's image, which is not read here.
pub async fn open(
    transport: &Transport,
    source: &ImageSource,
    login: Option<RegistryLogin>,
    temporary: &Path,
) -> Result<Prebuilt> {
    match source {
        ImageSource::Registry(name) => open_remote(transport, name, login).await,
        ImageSource::Layout(path) => {
            let path = path.clone();
            blocking(move || StoredImage::open_layout(&path)).await
        }
        ImageSource::Archive(path) => {
            let (path, temporary): (PathBuf, PathBuf) = (path.clone(), temporary.to_owned());
            blocking(move || StoredImage::open_archive(&path, &temporary)).await
        }
        ImageSource::Engine(name) => {
            Err(Error::new(Kind::Internal, format!("open the image {name}")).because("it lies in an engine"))
        }
    }
}

async fn blocking(open: impl FnOnce() -> Result<StoredImage> + Send + 'static) -> Result<Prebuilt> {
    let opened = tokio::task::spawn_blocking(open).await;
    let stored = opened.map_err(|error| Error::new(Kind::Internal, "open the image").because(error))??;
    let size = match &stored.content {
        Content::Manifest(manifest) => manifest.transfer_size(),
        Content::Layers(layers) => layers.iter().map(|layer| layer.size).sum(),
    };
    let facts = facts(&stored.config, Some(size))?;
    Ok(Prebuilt { facts, body: PrebuiltBody::Stored(Box::new(stored)) })
}

async fn open_remote(transport: &Transport, name: &str, login: Option<RegistryLogin>) -> Result<Prebuilt> {
    let reference: Reference =
        name.parse().map_err(|error| Error::new(Kind::Usage, format!("understand the image name `{name}`")).because(error))?;
    let address = (reference.resolve_registry(), reference.repository());
    let repository = Repository::new(transport, address, login, Access::Pull)?;
    let wanted = reference.digest().or(reference.tag()).unwrap_or("latest");
    let (bytes, media_type, _) = repository.manifest(wanted).await?;
    let manifest = match read(bytes, &media_type)? {
        Manifest::Image(manifest) => manifest,
        Manifest::Choice(digest) => {
            let (bytes, media_type, _) = repository.manifest(digest.as_str()).await?;
            match read(bytes, &media_type)? {
                Manifest::Image(manifest) => manifest,
                Manifest::Choice(_) => {
                    return Err(
                        Error::new(Kind::Project, format!("read the image {name}")).because("its index points to an index")
                    );
                }
            }
        }
    };
    let response = repository.blob(&manifest.config.digest).await?;
    let config = body(response, CONFIG_LIMIT, Excess::Refuse).await?;
    if sha256(&config) != manifest.config.digest {
        return Err(Error::new(Kind::Transfer, format!("read the image {name}")).because("its config does not match its digest"));
    }
    let facts = facts(&config, Some(manifest.transfer_size()))?;
    Ok(Prebuilt { facts, body: PrebuiltBody::Remote(Box::new(RemoteImage { repository, manifest })) })
}
