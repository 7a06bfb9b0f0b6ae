//! The simulated platform for `--sandbox` and `liftoff sandbox`.

use std::net::{Ipv4Addr, SocketAddr};

use astro_sim::sim::Sim;
use astro_sim::world::builder::{History, SANDBOX_GITHUB_TOKEN};
use astro_sim::world::builder_azure_devops::{SANDBOX_AZURE_ORGANIZATION, SANDBOX_AZURE_PIPELINE_TOKEN};
use astro_sim::world::builder_gitea::SANDBOX_GITEA_TOKEN;
use astro_sim::world::rollout::{Pace, Rollout};
use astro_sim::world::state::World;
use astro_sim::world::{bitbucket, bitbucket_dc, gitlab};

use crate::app::content;
use crate::app::session::Session;
use crate::app::source;
use crate::changes::inputs::DagDeploys;
use crate::cli::command::Command;
use crate::console::printer::Console;
use crate::deploy::interrupt::Interrupt;
use crate::error::{Error, Kind, Result};
use crate::model::artifact::Artifact;
use crate::model::context::{ForgeKind, Repository};
use crate::model::fingerprint::Fingerprinter;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;
use crate::plan::description::{Footer, compose};
use crate::settings::origin::Origin;

/// How long a simulated rollout takes, in milliseconds; long enough to be seen.
const ROLLOUT_MILLIS: u64 = 1_500;
/// Name of the simulated Deployment.
const DEPLOYMENT: &str = "demo";

/// Starts a simulated platform inside this process and points the session at it. Where a project is planned, its Deployment
/// runs this project's image and older DAGs, so that a DAG deploy needs no container engine. No forge hears of the run
/// unless its API is named: nothing of it has happened.
///
/// # Errors
/// When the project cannot be read or no port is free.
pub async fn embed(session: &mut Session, command: &Command) -> Result<Sim> {
    let mut world = World::sandbox();
    world.rollout = Rollout { pace: Pace::Millis(ROLLOUT_MILLIS), ..Rollout::default() };
    let manages = matches!(command, Command::Manage(_));
    if !manages {
        let description = earlier(session).await?;
        let id = world.deployments.first().map(|deployment| deployment.id.clone()).unwrap_or_default();
        world.add_history(&id, History { description, git: None, ..History::default() });
    }
    let sim = start(0, world).await?;
    let settings = &mut session.settings;
    let chosen = ["deployment-id", "deployment-name", "workspace", "organization"];
    let by_flag = |name: &&str| matches!(settings.origins.get(name), Some((_, Origin::Flag(_))));
    if !(manages && chosen.iter().any(by_flag)) {
        // Whatever the settings name does not exist here.
        let target = &mut settings.target;
        (target.deployment_id, target.deployment_name) = (None, Some(DEPLOYMENT.to_owned()));
        (target.workspace, target.organization) = (None, None);
    }
    let token = sim.with(|world| world.tokens.first().map(|token| token.text.clone())).unwrap_or_default();
    settings.api.token = Some(Secret::new(token));
    settings.api.token_file = None;
    settings.api.url =
        SafeUrl::parse(&sim.astro_url()).map_err(|error| Error::new(Kind::Internal, "name the sandbox").because(error))?;
    if settings.report.forge_api_url.is_none() {
        settings.report.forge_token = None;
    }
    session
        .context
        .repository
        .get_or_insert_with(|| Repository::at(ForgeKind::Other, "https://sandbox.invalid", "sandbox/project"));
    let runs = if manages { "" } else { ", which runs this project's image and older DAGs" };
    session.console.info(&format!(
        "sandbox: a simulated Astro on {} with a Deployment `{DEPLOYMENT}`{runs}; Astro itself is not contacted",
        sim.url()
    ));
    Ok(sim)
}

/// Returns the description of an earlier deploy of this project: its image as it is, and DAGs that nobody has, so that there
/// is something to ship.
async fn earlier(session: &Session) -> Result<String> {
    let checkout = source::checkout(session, &content::start(session)).await?;
    let shape = content::shape(session, &checkout).await?;
    let goods = content::goods(session, &shape, DagDeploys::Separate).await?;
    let mut footer = Footer { run: "sandbox".to_owned(), ..Footer::default() };
    for (artifact, content) in &goods.artifacts {
        let fingerprint = match artifact {
            Artifact::Image => content.fingerprint,
            Artifact::Dags | Artifact::Bundle(_) => Fingerprinter::new("older").finish(),
        };
        footer.record(artifact, fingerprint);
    }
    Ok(compose("An earlier deploy of this project", &footer))
}

/// A forge of the sandbox.
struct SandboxForge {
    kind: ForgeKind,
    repository: &'static str,
    api_url: fn(&Sim) -> String,
    token: &'static str,
}

const FORGES: [SandboxForge; 6] = [
    SandboxForge { kind: ForgeKind::GitHub, repository: "acme/demo", api_url: Sim::github_api_url, token: SANDBOX_GITHUB_TOKEN },
    SandboxForge { kind: ForgeKind::GitLab, repository: gitlab::PROJECT, api_url: Sim::gitlab_api_url, token: gitlab::TOKEN },
    SandboxForge {
        kind: ForgeKind::Bitbucket,
        repository: "acme/demo",
        api_url: Sim::bitbucket_api_url,
        token: bitbucket::TOKEN,
    },
    SandboxForge {
        kind: ForgeKind::BitbucketServer,
        repository: "ACME/demo",
        api_url: Sim::bitbucket_dc_url,
        token: bitbucket_dc::TOKEN,
    },
    SandboxForge {
        kind: ForgeKind::AzureDevOps,
        repository: "acme/data/demo",
        api_url: |sim| format!("{}/{SANDBOX_AZURE_ORGANIZATION}", sim.azure_devops_url()),
        token: SANDBOX_AZURE_PIPELINE_TOKEN,
    },
    SandboxForge { kind: ForgeKind::Gitea, repository: "acme/demo", api_url: Sim::gitea_api_url, token: SANDBOX_GITEA_TOKEN },
];

impl SandboxForge {
    /// Returns the line, as a comment for a shell, that leads reports there.
    fn exports(&self, sim: &Sim) -> String {
        let Self { kind, repository, api_url, token } = self;
        let (word, api_url) = (kind.word(), api_url(sim));
        format!("# {repository}: export LIFTOFF_FORGE={word} LIFTOFF_FORGE_API_URL={api_url} LIFTOFF_FORGE_TOKEN={token}")
    }
}

/// Serves a simulated platform until the run is stopped.
///
/// # Errors
/// When the port is taken.
pub async fn serve(console: &Console, port: u16, mut interrupt: Interrupt) -> Result<()> {
    let mut world = World::sandbox();
    world.rollout = Rollout { pace: Pace::Millis(ROLLOUT_MILLIS), ..Rollout::default() };
    let sim = start(port, world).await?;
    let (token, id) = sim.with(|world| {
        let token = world.tokens.first().map(|token| token.text.clone()).unwrap_or_default();
        (token, world.deployments.first().map(|deployment| deployment.id.clone()).unwrap_or_default())
    });
    console.data(&format!(
        "export ASTRO_API_TOKEN={token}\nexport LIFTOFF_API_URL={}\nexport LIFTOFF_DEPLOYMENT_ID={id}\n\
         # for reports, with `--pull-request 1` and a remote of that name, one of:\n{}",
        sim.astro_url(),
        FORGES.map(|forge| forge.exports(&sim)).join("\n"),
    ))?;
    console
        .info(&format!("a simulated Astro, image registry ({}) and the forges run until you press Ctrl-C", sim.registry_host()));
    interrupt.wished().await;
    let violations = sim.violations();
    for violation in &violations {
        console.warning(violation);
    }
    Ok(())
}

async fn start(port: u16, world: World) -> Result<Sim> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Sim::start_on(address, world).await.map_err(|error| {
        Error::new(Kind::Project, format!("serve the sandbox on {address}"))
            .because(error)
            .hint("choose another port with --port, or none for a free one")
    })
}
