//! `deployment worker-queue`: worker queues, by name. The others keep their ids and all their settings.

use crate::app::manage::deployments::one;
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::cli::worker_queue::{Queue, Verb};
use crate::error::{Error, Kind, Result};
use crate::model::manifest::edit::{Edit, Rest};
use crate::model::manifest::entry::{At, Manifest, QueueEntry};
use crate::model::nearest::nearest;
use crate::model::record::Record;
use crate::plan::deployments::resolve;
use crate::plan::deployments::resolving::Surroundings;
use crate::report::answer::{Answer, Column, column};

const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("WORKER TYPE", "astroMachine|nodePoolId"),
    column("MIN", "minWorkerCount"),
    column("MAX", "maxWorkerCount"),
    column("CONCURRENCY", "workerConcurrency"),
    column("STORAGE", "podEphemeralStorage"),
    column("ID", "id"),
];

/// Runs a verb.
///
/// # Errors
/// `Kind::Refused` for a queue that is there already, `Kind::NotFound` for none of that name, `Kind::Usage` for what does
/// not fit, else as the platform answers.
pub async fn run(session: &Session, verb: &Verb) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let which = match verb {
        Verb::List(given) => &given.which,
        Verb::Create(given) | Verb::Update(given) => &given.which,
        Verb::Delete(given) => &given.which,
    };
    let present = scene::deployment(session, &astro, which).await?;
    let queues = present.records("workerQueues");
    let edit = match verb {
        Verb::List(_) => return Ok(Answer::table("worker_queues", COLUMNS, &queues)),
        Verb::Create(given) => {
            if queues.iter().any(|queue| queue.text("name") == given.name) {
                return Err(Error::new(Kind::Refused, format!("create the worker queue {}", given.name))
                    .because("the Deployment has one of this name")
                    .hint("`liftoff deployment worker-queue update` changes it"));
            }
            let Some(worker_type) = &given.worker_type else {
                return Err(Error::new(Kind::Usage, format!("create the worker queue {}", given.name))
                    .because("`--worker-type` does not say on which machines"));
            };
            edit(&astro, &present, given, worker_type).await?
        }
        Verb::Update(given) => {
            let queue = named(&queues, &given.name)?;
            let worker_type = match &given.worker_type {
                Some(worker_type) => worker_type.clone(),
                None => worker_type(&astro, &present, queue).await?,
            };
            edit(&astro, &present, given, &worker_type).await?
        }
        Verb::Delete(given) => {
            named(&queues, &given.name)?;
            if given.name == "default" {
                return Err(Error::new(Kind::Refused, "delete the worker queue default")
                    .because("every Deployment with worker queues has this one"));
            }
            Edit { removed_queues: [given.name.clone()].into(), ..Edit::default() }
        }
    };
    one::done(session, &astro, &one::of(present, edit, Rest::Kept), None).await
}

fn named<'a>(queues: &'a [Record], name: &str) -> Result<&'a Record> {
    queues.iter().find(|queue| queue.text("name") == name).ok_or_else(|| {
        let error =
            Error::new(Kind::NotFound, format!("find the worker queue {name}")).because("the Deployment has none of this name");
        match nearest(name, queues.iter().map(|queue| queue.text("name"))) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`liftoff deployment worker-queue list` shows them"),
        }
    })
}

async fn edit(astro: &AstroClient, present: &Record, given: &Queue, worker_type: &str) -> Result<Edit> {
    let mut manifest = Manifest::new(String::new(), 0, At::new(0, present.text("name").to_owned()));
    let number = |number: Option<i64>| number.map(|number| At::new(0, number));
    manifest.queues = Some(vec![QueueEntry {
        name: At::new(0, given.name.clone()),
        worker_type: At::new(0, worker_type.to_owned()),
        least: number(given.min_count),
        most: number(given.max_count),
        concurrency: number(given.concurrency),
        ephemeral_storage: given.pod_ephemeral_storage.clone().map(|size| At::new(0, size)),
    }]);
    let cloud = Some(present.text("cloudProvider")).filter(|it| !it.is_empty());
    let options = astro.deployment_options(present.text("type"), cloud).await?;
    let clusters: Vec<Record> = cluster(astro, present).await?.into_iter().collect();
    let around = Surroundings { present: Some(present), options: Some(&options), clusters: &clusters };
    Ok(resolve::asked(&manifest, around)?.edit)
}

async fn cluster(astro: &AstroClient, present: &Record) -> Result<Option<Record>> {
    if present.text("type") != "HYBRID" {
        return Ok(None);
    }
    astro.record(&["clusters", present.text("clusterId")], "read the cluster").await.map(Some)
}

/// Returns the worker type that a queue has, in the words of flags and files.
async fn worker_type(astro: &AstroClient, present: &Record, queue: &Record) -> Result<String> {
    let pools = cluster(astro, present).await?.map(|cluster| cluster.records("nodePools")).unwrap_or_default();
    let pool = pools.iter().find(|pool| pool.id() == queue.text("nodePoolId"));
    Ok(pool.map_or(queue.text("astroMachine"), |pool| pool.text("nodeInstanceType")).to_owned())
}
