//! The settings of previews: what they are like, how long they live, what they get from their base.
//! Plain data; what a preview is made of is the business of `plan::preview`.

use std::time::Duration;

use crate::model::blueprint::HibernationSchedule;

/// The settings of previews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previews {
    /// A fixed name.
    pub name: Option<String>,
    /// How a name is made otherwise.
    pub name_style: NameStyle,
    /// How long a preview lives after its last deploy; none for as long as its subject.
    pub lifetime: Option<Duration>,
    /// Most previews of one base; none for any number.
    pub limit: Option<u32>,
    /// Whether it is a development Deployment, which can hibernate.
    pub development_mode: bool,
    /// Whether components are doubled.
    pub high_availability: bool,
    /// Scheduler.
    pub scheduler: Size,
    /// Fewest workers of each queue; none for the base's.
    pub min_workers: Option<u32>,
    /// Most workers of each queue; none for the base's.
    pub max_workers: Option<u32>,
    /// When it sleeps.
    pub schedule: Option<HibernationSchedule>,
    /// Environment variables to set, and those to leave out, which have no value.
    pub variables: Vec<(String, String)>,
    /// Secret environment variables: the name, and the CI system's variable that holds the value.
    pub secrets: Vec<(String, String)>,
    /// Whether new DAGs start paused.
    pub paused: bool,
    /// DAGs to unpause after a deploy.
    pub unpause: Vec<String>,
    /// What is copied from the base's Airflow.
    pub copies: Copies,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

impl Default for Previews {
    fn default() -> Self {
        Self {
            name: None,
            name_style: NameStyle::Liftoff,
            lifetime: Some(Duration::from_secs(7 * 24 * 60 * 60)),
            limit: Some(20),
            development_mode: true,
            high_availability: false,
            scheduler: Size::Is("SMALL"),
            min_workers: Some(0),
            max_workers: None,
            schedule: Some(HibernationSchedule { hibernate_at: "0 3 * * *".to_owned(), wake_at: "0 6 * * 1-5".to_owned() }),
            variables: Vec::new(),
            secrets: Vec::new(),
            paused: true,
            unpause: Vec::new(),
            copies: Copies { connections: true, variables: true, pools: true, again: false },
            dry_run: false,
        }
    }
}

/// What is copied from the base's Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// Connections, without what is secret.
    pub connections: bool,
    /// Airflow variables, without what is secret.
    pub variables: bool,
    /// Pools.
    pub pools: bool,
    /// Copy into a preview that has been deployed to before, too.
    pub again: bool,
}

/// How a preview's name is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameStyle {
    /// Readable and different for every owner.
    Liftoff,
    /// As astronomer/deploy-action does: equal for branches that end alike.
    DeployAction,
}

/// The size of a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The base's.
    Base,
    /// The platform's word.
    Is(&'static str),
}
