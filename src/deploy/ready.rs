//! Images that can be pushed, and what they are made from.
//! It finds and opens images; building and pushing them is the business of its siblings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::deploy::limit::{OPEN, PROBE, within};
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::image::build::BuiltArchive;
use crate::image::engine::{self, Engine};
use crate::image::inspect::inspect;
use crate::image::source::resolve;
use crate::model::entry::Entry;
use crate::model::image::{ImageFacts, ImageSource, RegistryLogin};
use crate::model::path::RelPath;
use crate::registry::login;
use crate::registry::prebuilt::{self, Prebuilt};
use crate::registry::repository::Transport;
use crate::settings::values::Image as ImageSettings;

/// Pauses before each further try of a registry transfer.
pub const RETRY_DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15)];

/// Where the image comes from.
pub enum ImageInput {
    /// It is built from the project.
    Build(Box<BuildInput>),
    /// It exists.
    Prebuilt(Box<ReadyImage>),
}

/// What an image is built from.
#[derive(Debug, Clone)]
pub struct BuildInput {
    /// The project's folder.
    pub context: PathBuf,
    /// The Dockerfile relative to it.
    pub dockerfile: RelPath,
    /// The ignore rules in force, as text.
    pub ignore_text: String,
    /// Further patterns to leave out.
    pub excludes: Vec<String>,
    /// The context's entries after all ignore rules.
    pub entries: Vec<Entry>,
    /// The user's wishes.
    pub settings: ImageSettings,
}

/// An image that can be pushed.
pub struct ReadyImage {
    /// What it says about itself.
    pub facts: ImageFacts,
    /// Where it lies.
    pub place: Place,
}

impl ReadyImage {
    /// Returns the engine that has the image, and its name there.
    #[must_use]
    pub fn in_engine(&self) -> Option<(Engine, String)> {
        match &self.place {
            Place::Engine { engine, name, .. } => Some((engine.clone(), name.clone())),
            Place::Elsewhere { .. } => None,
        }
    }
}

/// Where an image lies.
pub enum Place {
    /// In an engine.
    Engine {
        /// The engine.
        engine: Engine,
        /// Its name for the image.
        name: String,
        /// Whose name that is.
        owner: Owner,
    },
    /// In files or in a registry.
    Elsewhere {
        /// The opened image.
        prebuilt: Prebuilt,
        /// The archive of a remote builder, which lives as long as this value.
        archive: Option<BuiltArchive>,
    },
}

/// Whose name an image has in an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Made for this run; it has to go afterwards.
    ThisRun,
    /// The user's.
    User,
}

/// Finds and opens a prebuilt image.
///
/// # Errors
/// As `image::source::resolve` and `registry::prebuilt::open`.
pub async fn prebuilt(
    env: &Env,
    http: &reqwest::Client,
    settings: &ImageSettings,
    folder: &Path,
    temporary: &Path,
) -> Result<ReadyImage> {
    let name = settings.name.as_deref().unwrap_or_default();
    // An engine is welcome here, but a registry's image or an archive needs none.
    let engine =
        within(PROBE, "find a container engine", engine::find(env, settings.container_engine.as_deref(), None)).await.ok();
    let source = resolve(engine.as_ref(), name, folder).await?;
    if let (ImageSource::Engine(name), Some(engine)) = (&source, engine) {
        return in_engine(engine, name.clone(), Owner::User).await;
    }
    let login = match &source {
        ImageSource::Registry(name) => login::find(env, name.split('/').next().unwrap_or_default()).await?,
        _ => None,
    };
    let transport = transport(http);
    let prebuilt = within(OPEN, "open the image", prebuilt::open(&transport, &source, login, temporary)).await?;
    Ok(ReadyImage { facts: prebuilt.facts.clone(), place: Place::Elsewhere { prebuilt, archive: None } })
}

/// Opens an image in a registry, by its name with registry and tag.
///
/// # Errors
/// As `registry::prebuilt::open`.
pub async fn in_registry(http: &reqwest::Client, (name, login): (String, RegistryLogin), temporary: &Path) -> Result<ReadyImage> {
    let (transport, source) = (transport(http), ImageSource::Registry(name));
    let prebuilt = within(OPEN, "open the image", prebuilt::open(&transport, &source, Some(login), temporary)).await?;
    Ok(ReadyImage { facts: prebuilt.facts.clone(), place: Place::Elsewhere { prebuilt, archive: None } })
}

/// Looks at an image in an engine.
///
/// # Errors
/// As `image::inspect::inspect`; `Kind::Internal` when the engine lost it.
pub async fn in_engine(engine: Engine, name: String, owner: Owner) -> Result<ReadyImage> {
    let facts = inspect(&engine, &name)
        .await?
        .ok_or_else(|| Error::new(Kind::Internal, format!("inspect the image {name}")).because("the engine no longer has it"))?;
    Ok(ReadyImage { facts, place: Place::Engine { engine, name, owner } })
}

/// Returns how registries are reached.
#[must_use]
pub fn transport(http: &reqwest::Client) -> Transport {
    Transport { http: http.clone(), retry_delays: RETRY_DELAYS.to_vec() }
}
