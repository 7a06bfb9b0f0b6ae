//! What performing a plan needs: the plan, the content, the target and the tools.
//! Plain data and handles; how they are used is the business of `perform`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::astro::client::AstroClient;
use crate::astro::wait::Patience;
use crate::changes::change::Relation;
use crate::console::printer::Console;
use crate::deploy::interrupt::Interrupt;
use crate::deploy::ready::ImageInput;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::http::exchange::Caller;
use crate::image::engine::Engine;
use crate::model::deployment::Deployment;
use crate::model::entry::Entry;
use crate::model::fingerprint::Fingerprint;
use crate::model::ids::MountPath;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::plan::description::Footer;
use crate::plan::facts::Facts;
use crate::plan::outline::Plan;
use crate::plan::verification::Expectation;
use crate::settings::verify::Verify;

/// What to perform.
pub struct Order<'a, 'p> {
    /// The plan.
    pub plan: &'a Plan,
    /// The facts it was made from.
    pub facts: &'a Facts,
    /// The Deployment as it was when the plan was made.
    pub deployment: Deployment,
    /// The user's words for the deploy.
    pub words: String,
    /// The footer without fingerprints; performing adds those of what it ships.
    pub footer: Footer,
    /// The DAG bundle's content, when DAGs may ship.
    pub dags: Option<BundleInput>,
    /// The image, when one may ship.
    pub image: Option<ImageInput>,
    /// The other bundle, for a bundle deploy.
    pub bundle: Option<OtherBundle>,
    /// How to wait for the arrival; `None` to not wait.
    pub patience: Option<Patience>,
    /// Tells how our commit relates to another one, for the last check before finalizing.
    pub relation_to: &'a RelationTo<'a>,
    /// Runs the project's own code to check it, after the build; none when nobody wants that.
    pub checked: Option<&'a Checked<'a>>,
    /// Reads the image's fingerprint once more, after the build.
    pub image_fingerprint: &'a ImageFingerprint<'a>,
    /// How to verify the deploy once it arrived; `None` to not look at Airflow.
    pub verification: Option<Watching>,
    /// The DAGs to run once it arrived; `None` for no such run.
    pub smoke: Option<Smoke>,
    /// What a preview needs around the deploy.
    pub preview: Option<Surroundings<'p>>,
}

/// How to verify a deploy.
#[derive(Debug, Clone)]
pub struct Watching {
    /// What new import errors do to the run.
    pub policy: Verify,
    /// How long Airflow may take to read what was shipped.
    pub budget: Duration,
    /// What the deploy brings.
    pub expectation: Expectation,
}

/// Which DAGs to run once a deploy arrived, and how. `Debug` is left out on purpose: people put secrets into a conf.
pub struct Smoke {
    /// Ids of the DAGs; at least one.
    pub dags: Vec<String>,
    /// What each run gets.
    pub conf: Map<String, Value>,
    /// How long each run may take.
    pub limit: Duration,
    /// How long a DAG may take to appear in Airflow, where nobody has seen that Airflow has read the deploy.
    pub grace: Duration,
    /// DAGs that may be unpaused for it, because the settings unpause them anyway.
    pub unpause: Vec<String>,
}

/// What a preview needs around a deploy to it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Makes the Deployment if there is none, and waits until it is up; while the image is built.
    pub open: &'a Opening<'a>,
    /// Gets it ready for its first DAGs, just before anything ships.
    pub furnish: &'a Furnishing<'a>,
    /// Fails when the preview is no longer wanted, just before the deploy takes effect.
    pub still_wanted: &'a StillWanted<'a>,
}

/// Returns the Deployment to deploy to.
pub type Opening<'a> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Deployment>> + Send + 'a>> + Sync + 'a;

/// Gets a Deployment ready.
pub type Furnishing<'a> = dyn Fn(Deployment) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> + Sync + 'a;

/// Fails when the deploy is no longer wanted.
pub type StillWanted<'a> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> + Sync + 'a;

/// Tells how our commit relates to another one; it may have to fetch the other one first.
pub type RelationTo<'a> = dyn Fn(CommitSha) -> Pin<Box<dyn Future<Output = Relation> + Send + 'a>> + Sync + 'a;

/// Fails when the checks of the project's own code do; given the image that ships, with the engine that has it.
pub type Checked<'a> = dyn Fn(Option<(Engine, String)>) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> + Sync + 'a;

/// Reads the fingerprint of the image's inputs as they are now.
pub type ImageFingerprint<'a> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<Fingerprint>>> + Send + 'a>> + Sync + 'a;

/// The content of a bundle.
#[derive(Debug, Clone)]
pub struct BundleInput {
    /// Files and links.
    pub entries: Vec<Entry>,
    /// Folder inside the bundle that holds them.
    pub prefix: RelPath,
    /// What the fingerprint is for.
    pub purpose: String,
    /// The fingerprint that the plan was made with.
    pub fingerprint: Fingerprint,
}

/// A bundle beside the Airflow project.
#[derive(Debug, Clone)]
pub struct OtherBundle {
    /// Where it is mounted.
    pub mount_path: MountPath,
    /// The platform's word for its type.
    pub bundle_type: String,
    /// Its content; none when it is to be removed.
    pub content: Option<BundleInput>,
}

/// What to perform it with.
pub struct Tools<'a> {
    /// The platform.
    pub astro: &'a AstroClient,
    /// Client for calls, with an idle timeout.
    pub calls: Caller,
    /// Client for uploads, without an idle timeout.
    pub transfers: Caller,
    /// The console.
    pub console: &'a Console,
    /// The environment, for container engines.
    pub env: &'a Env,
    /// Folder for temporary files.
    pub temporary: PathBuf,
    /// Number of compressing threads.
    pub threads: NonZeroUsize,
    /// The wish to stop.
    pub interrupt: Interrupt,
}
