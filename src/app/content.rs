//! What the project would ship: its shape, its rules, its content.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::checkout::Checkout;
use crate::app::configure::project_folder;
use crate::app::session::Session;
use crate::changes::classified::Classified;
use crate::changes::folder::BundleRules;
use crate::changes::inert::Inert;
use crate::changes::inputs::{DagDeploys, InputRules};
use crate::changes::purpose;
use crate::dags::airflowignore;
use crate::deploy::order::{BundleInput, OtherBundle};
use crate::deploy::pack::blocking;
use crate::deploy::ready::{self, BuildInput, ReadyImage};
use crate::error::{Error, Kind, Result};
use crate::image::command_line::PLATFORM;
use crate::model::artifact::{Artifact, Content};
use crate::model::entry::{Entry, EntryKind};
use crate::model::fingerprint::Fingerprinter;
use crate::model::ids::MountPath;
use crate::model::path::RelPath;
use crate::model::project::{ProjectKind, ProjectShape};
use crate::project::boundary::{lies_within, refuse_outside};
use crate::project::content::{ArtifactContent, ContentOptions, build_context, bundle_content, contents};
use crate::project::read::{ReadOptions, Wanted, read};
use crate::project::rules::{RuleOptions, bundle_rules, input_rules};
use crate::settings::origin::Origin;
use crate::settings::values::{DagsPrefix, DeployTypeSetting, Settings};

/// Where dbt projects are mounted unless a setting says otherwise.
/// Source: `reference/astro-platform.md` 3.13.
const DBT_MOUNT: &str = "/usr/local/airflow/dbt";

/// The rules by which a project's files ship.
#[derive(Debug, Clone)]
pub enum ShippingRules {
    /// An Airflow project's.
    Astro(Arc<InputRules>),
    /// A bundle's.
    Bundle(Arc<BundleRules>),
}

impl ShippingRules {
    /// Classifies a changed path, relative to the repository.
    #[must_use]
    pub fn classify(&self, path: &RelPath) -> Classified {
        match self {
            Self::Astro(rules) => rules.classify(path),
            Self::Bundle(rules) => rules.classify(path),
        }
    }

    /// Returns the folders and files whose changes can matter, relative to the repository.
    #[must_use]
    pub fn folders(&self) -> Vec<RelPath> {
        match self {
            Self::Astro(rules) => {
                let mut folders = vec![rules.project.clone()];
                folders.extend(rules.dags_source.clone());
                folders.extend(rules.trigger_paths.iter().cloned());
                folders
            }
            Self::Bundle(rules) => vec![rules.folder.clone()],
        }
    }
}

/// What a project would ship.
pub struct Goods {
    /// The rules it was found with.
    pub rules: ShippingRules,
    /// Each artifact with its content.
    pub artifacts: Vec<(Artifact, Content)>,
    /// The DAG bundle, when DAGs ship as one.
    pub dags: Option<BundleInput>,
    /// The other bundle.
    pub bundle: Option<OtherBundle>,
    /// Files of the DAGs folder that Airflow looks at, by their path below that folder, wherever
    /// they ship.
    pub dag_files: Vec<Entry>,
    /// The prebuilt image, when one was named.
    pub prebuilt: Option<ReadyImage>,
}

/// Reads what kind of project it is.
///
/// # Errors
/// As `project::read::read`.
pub async fn shape(session: &Session, checkout: &Checkout) -> Result<ProjectShape> {
    let settings = &session.settings;
    let repository = checkout.repository.as_ref().map(|repository| repository.workdir().to_owned());
    let base =
        repository.clone().or_else(|| session.context.checkout.clone()).unwrap_or_else(|| session.env.current_dir().to_owned());
    let root = project_folder(&settings.project.root, &base);
    contain(session, &root, repository.as_deref())?;
    let wanted = match settings.deploy_type {
        // A bundle can be removed by its mount path without having its files.
        DeployTypeSetting::Dbt if settings.bundle.delete && settings.bundle.mount_path.is_some() => Wanted::Folder,
        DeployTypeSetting::Dbt => Wanted::Dbt,
        DeployTypeSetting::NonDags => Wanted::Folder,
        _ => Wanted::Astro,
    };
    if settings.bundle.delete && wanted == Wanted::Folder {
        let root = std::fs::canonicalize(&root).unwrap_or(root);
        return Ok(ProjectShape { root, in_repository: RelPath::root(), kind: ProjectKind::Folder });
    }
    let (dags_path, dockerfile, build_args) =
        (settings.project.dags_path.clone(), settings.image.dockerfile.clone(), settings.image.build_args.clone());
    blocking(move || {
        let options = ReadOptions {
            wanted,
            repository: repository.as_deref(),
            dags_path: &dags_path,
            dockerfile: &dockerfile,
            build_args: &build_args,
        };
        read(&root, &options)
    })
    .await
}

/// Reads the content of every artifact.
///
/// # Errors
/// As `project::content`.
pub async fn goods(session: &Session, shape: &ProjectShape, dag_deploys: DagDeploys) -> Result<Goods> {
    let (settings, shape) = (session.settings.clone(), shape.clone());
    blocking(move || match &shape.kind {
        ProjectKind::Astro(_) => astro_goods(&settings, &shape, dag_deploys),
        ProjectKind::Dbt { .. } | ProjectKind::Folder => bundle_goods(&settings, &shape),
    })
    .await
}

fn astro_goods(settings: &Settings, shape: &ProjectShape, dags: DagDeploys) -> Result<Goods> {
    let inert = match &settings.project.inert_paths {
        Some(list) => Inert::parse(list.iter().map(String::as_str))?,
        None => Inert::standard(),
    };
    let options = RuleOptions {
        dags,
        dockerfile: settings.image.dockerfile.clone(),
        inert,
        trigger_paths: settings.project.image_trigger_paths.clone(),
    };
    let rules = input_rules(shape, options)?;
    let prefix = match settings.project.dags_prefix {
        DagsPrefix::FolderName => settings.project.dags_path.file_name().and_then(RelPath::parse).unwrap_or_default(),
        DagsPrefix::None => RelPath::root(),
    };
    let options =
        ContentOptions { build_args: &settings.image.build_args, platform: PLATFORM, dags_prefix: &prefix, threads: threads() };
    let contents = contents(shape, &rules, &options)?;
    let mut artifacts = Vec::new();
    if let Some(dags) = &contents.dags {
        artifacts.push((Artifact::Dags, dags.content));
    }
    artifacts.push((Artifact::Image, contents.image.content));
    let dag_files = match &contents.dags {
        Some(dags) => dag_files(&dags.entries, &RelPath::root()),
        None => dag_files(&contents.image.entries, &rules.dags_path),
    };
    let dags = contents.dags.map(|dags| bundle_input(dags, prefix.clone(), purpose::dags(&prefix)));
    Ok(Goods { rules: ShippingRules::Astro(Arc::new(rules)), artifacts, dags, bundle: None, dag_files, prebuilt: None })
}

fn bundle_goods(settings: &Settings, shape: &ProjectShape) -> Result<Goods> {
    let mount_path = match (&settings.bundle.mount_path, &shape.kind) {
        (Some(mount), _) => mount.clone(),
        (None, ProjectKind::Dbt { name }) => MountPath::new(format!("{DBT_MOUNT}/{name}")),
        (None, _) => {
            return Err(Error::new(Kind::Usage, "choose where the bundle is mounted")
                .because("`mount-path` is not set")
                .hint("set `mount-path`, such as `/usr/local/airflow/include/rules`"));
        }
    };
    let bundle_type = match settings.deploy_type {
        DeployTypeSetting::Dbt => "dbt".to_owned(),
        _ => settings.bundle.bundle_type.clone().unwrap_or_else(|| "none".to_owned()),
    };
    let rules = bundle_rules(shape, mount_path.clone())?;
    let artifact = Artifact::Bundle(mount_path.clone());
    if settings.bundle.delete {
        let nothing = Content { fingerprint: Fingerprinter::new("nothing").finish(), files: 0, bytes: 0, dag_files: 0 };
        let bundle = OtherBundle { mount_path, bundle_type, content: None };
        return Ok(Goods {
            rules: ShippingRules::Bundle(Arc::new(rules)),
            artifacts: vec![(artifact, nothing)],
            dags: None,
            bundle: Some(bundle),
            dag_files: Vec::new(),
            prebuilt: None,
        });
    }
    let content = bundle_content(shape, &rules, threads())?;
    let artifacts = vec![(artifact, content.content)];
    let input = bundle_input(content, RelPath::root(), purpose::bundle(&mount_path));
    let bundle = OtherBundle { mount_path, bundle_type, content: Some(input) };
    Ok(Goods {
        rules: ShippingRules::Bundle(Arc::new(rules)),
        artifacts,
        dags: None,
        bundle: Some(bundle),
        dag_files: Vec::new(),
        prebuilt: None,
    })
}

/// Returns the Python and ignore files among the entries below a folder.
fn dag_files(entries: &[Entry], folder: &RelPath) -> Vec<Entry> {
    let file = |entry: &Entry| {
        let path = entry.path.strip_prefix(folder)?;
        let read = path.extension() == Some(b"py") || path.file_name() == Some(airflowignore::FILE_NAME.as_bytes());
        (read && matches!(entry.kind, EntryKind::File { .. })).then(|| Entry { path, ..entry.clone() })
    };
    entries.iter().filter_map(file).collect()
}

fn bundle_input(content: ArtifactContent, prefix: RelPath, purpose: String) -> BundleInput {
    BundleInput { entries: content.entries, prefix, purpose, fingerprint: content.content.fingerprint }
}

/// Finds the prebuilt image that the settings name. It then is the image's content, whatever the
/// project's files say.
///
/// # Errors
/// As `deploy::ready::prebuilt`.
pub async fn take_prebuilt(session: &Session, shape: &ProjectShape, goods: &mut Goods) -> Result<()> {
    let settings = &session.settings.image;
    if settings.name.is_none() || session.settings.deploy_type.is_bundle() {
        return Ok(());
    }
    let found = ready::prebuilt(&session.env, &session.transfers.client, settings, &shape.root, &session.temporary).await?;
    let mut fingerprinter = Fingerprinter::new("prebuilt image");
    fingerprinter.value("digest", found.facts.digest.as_str().as_bytes());
    let content =
        Content { fingerprint: fingerprinter.finish(), files: 1, bytes: found.facts.size.unwrap_or_default(), dag_files: 0 };
    for (artifact, own) in &mut goods.artifacts {
        if *artifact == Artifact::Image {
            *own = content;
        }
    }
    goods.prebuilt = Some(found);
    Ok(())
}

/// Lists what a builder needs. Only called when an image is built.
///
/// # Errors
/// As `project::content::build_context`.
pub async fn build_input(session: &Session, shape: &ProjectShape, rules: &Arc<InputRules>) -> Result<BuildInput> {
    let (shape, rules, settings) = (shape.clone(), rules.clone(), session.settings.image.clone());
    blocking(move || {
        let ignore = rules.effective_docker_ignore()?;
        Ok(BuildInput {
            context: shape.root.clone(),
            dockerfile: rules.dockerfile.clone(),
            ignore_text: String::from_utf8_lossy(ignore.text()).into_owned(),
            excludes: Vec::new(),
            entries: build_context(&shape, &rules, threads())?,
            settings,
        })
    })
    .await
}

/// Returns how many threads read and compress.
#[must_use]
pub fn threads() -> NonZeroUsize {
    const ENOUGH: usize = 8;
    let at_hand = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    at_hand.min(NonZeroUsize::new(ENOUGH).unwrap_or(NonZeroUsize::MIN))
}

/// Returns the folder around which the repository is looked for: the project's when it can be
/// told without the repository, else the checkout's. A settings file, which a pull request can
/// change, leads to no other repository than its own or one below it.
#[must_use]
pub fn start(session: &Session) -> PathBuf {
    let base = session.context.checkout.clone().unwrap_or_else(|| session.env.current_dir().to_owned());
    let project = project_folder(&session.settings.project.root, &base);
    if let Some(folder) = file_that_names_the_project(session) {
        let folder = if lies_within(&folder, &base) { folder } else { base };
        return if lies_within(&project, &folder) { project } else { folder };
    }
    if Path::is_dir(&project) { project } else { base }
}

/// Refuses a project outside the checkout and, when a settings file names it, outside the
/// repository of `start`, or outside the current folder where there is none.
fn contain(session: &Session, project: &Path, repository: Option<&Path>) -> Result<()> {
    if let Some(checkout) = session.context.checkout.as_deref().filter(|checkout| checkout.is_dir()) {
        refuse_outside(project, &[checkout])?;
    }
    match file_that_names_the_project(session) {
        Some(_) => refuse_outside(project, &[repository.unwrap_or_else(|| session.env.current_dir())]),
        None => Ok(()),
    }
}

/// Returns the folder of the settings file, when the project's folder comes from there.
fn file_that_names_the_project(session: &Session) -> Option<PathBuf> {
    match session.settings.origins.get("root-folder") {
        Some((_, Origin::File { path, .. })) => session.env.current_dir().join(path).parent().map(Path::to_owned),
        _ => None,
    }
}
