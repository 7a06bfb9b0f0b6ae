//! One forge of the simulator and the client that talks to it.
//! It knows what every forge has; what each one calls it is in `rows`.

use std::path::PathBuf;
use std::time::Duration;

use astro_sim::faults::{Effect, Face, Fault, Match};
use astro_sim::sim::Sim;
use astro_sim::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD};
use astro_sim::world::commits::CommitGraph;
use astro_sim::world::state::World;
use liftoff::env::snapshot::Env;
use liftoff::error::Kind;
use liftoff::forge;
use liftoff::forge::interface::{Comment, CommitStatus, Connection, Forge, State, Upsert};
use liftoff::http::client::{Options, build};
use liftoff::http::exchange::Caller;
use liftoff::http::retry::RetryPolicy;
use liftoff::model::context::{ForgeKind, Repository};
use liftoff::model::revision::CommitSha;
use liftoff::model::secret::Secret;

/// What one forge is called and has in the simulator's sandbox.
pub struct Row {
    /// The forge.
    pub kind: ForgeKind,
    /// Its face.
    pub face: Face,
    /// Base of its API.
    pub api: fn(&Sim) -> String,
    /// Full name of the sandbox's repository.
    pub path: &'static str,
    /// Full name of a repository that is not there.
    pub absent: &'static str,
    /// A token that may do everything.
    pub token: &'static str,
    /// A token that may not comment, and what happens to it that tries.
    pub weak: (&'static str, Kind),
    /// Adds to the sandbox what it lacks.
    pub prepare: fn(&mut World),
    /// Operations of the simulator: list comments, create one, change one, set a status, compare, read a pull request.
    pub operations: Operations,
    /// Most files of a comparison that are told; `None` if all are.
    pub compared: Option<usize>,
    /// Words for the four states of a status.
    pub states: [&'static str; 4],
    /// Author and text of each comment, oldest first.
    pub comments: fn(&World) -> Vec<(String, String)>,
    /// Adds a comment of eve's to pull request 1.
    pub foreign: fn(&mut World, &str),
    /// State, name, description and address of each status of the pull request's head, oldest first.
    pub statuses: fn(&World) -> Vec<[String; 4]>,
    /// Deployments and findings, each with what it says.
    pub records: fn(&World) -> Vec<String>,
    /// The commits.
    pub graph: fn(&mut World) -> &mut CommitGraph,
    /// Moves the head of pull request 1 to a commit.
    pub advance: fn(&mut World, &str),
    /// Merges pull request 1 by a commit, or closes it.
    pub end: fn(&mut World, Option<&str>),
}

/// Names of a forge's operations in the simulator.
pub struct Operations {
    /// Lists the comments of a pull request.
    pub list: &'static str,
    /// Makes a comment.
    pub create: &'static str,
    /// Changes a comment.
    pub edit: &'static str,
    /// Sets a commit's status.
    pub status: &'static str,
    /// Compares two commits.
    pub compare: &'static str,
    /// Reads a pull request.
    pub pull: &'static str,
}

/// The mark of the comments in these tests, without the syntax that hides it.
pub const MARK: &str = "liftoff project=a target=b";

thread_local! {
    /// The client of a test: making one reads every root certificate.
    static CLIENT: reqwest::Client = build(&Env::new([], PathBuf::new()), &Options::for_calls(None)).expect("a client");
}

/// A simulator and one forge in it.
pub struct Stage {
    /// The forge.
    pub row: &'static Row,
    /// The simulator with the sandbox in it.
    pub sim: Sim,
    /// Longest time for a call of the client.
    pub budget: Duration,
}

impl Stage {
    /// Sets the stage for a forge.
    pub fn new(row: &'static Row) -> Self {
        let address = "127.0.0.1:0".parse().expect("an address");
        let mut world = World::sandbox();
        (row.prepare)(&mut world);
        Self { row, sim: Sim::launch(address, world).expect("a simulator"), budget: Duration::from_secs(60) }
    }

    /// Returns the forge's client.
    pub fn forge(&self) -> Box<dyn Forge> {
        self.forge_with(self.row.token)
    }

    /// Returns the forge's client with another token.
    pub fn forge_with(&self, token: &str) -> Box<dyn Forge> {
        self.forge_of(self.row.path, token)
    }

    /// Returns the forge's client for another repository and token.
    pub fn forge_of(&self, path: &str, token: &str) -> Box<dyn Forge> {
        let client = CLIENT.with(Clone::clone);
        let (tries, zero) = (4, Duration::ZERO);
        let retry = RetryPolicy { tries, first_delay: zero, longest_delay: zero, longest_request: zero };
        let connection = Connection {
            caller: Caller { client, retry, answer_timeout: Duration::from_secs(30) },
            api_url: (self.row.api)(&self.sim),
            token: Secret::new(token),
            repository: Repository {
                forge: self.row.kind,
                server_url: "https://forge.example.com".to_owned(),
                api_url: None,
                path: path.to_owned(),
            },
            budget: self.budget,
        };
        forge::connect(&connection).expect("a connection").expect("a known forge")
    }

    /// Lets an operation of the forge fail a number of times.
    pub fn fault(&self, operation: &str, times: u32, effect: Effect) {
        let matches = Match { face: Some(self.row.face), ..Match::operation(operation) };
        self.sim.with(|world| world.faults.push(Fault { matches, times, effect }));
    }

    /// Lets any request of the forge fail a number of times, after some that went well.
    pub fn fault_after(&self, skip: u32, times: u32, effect: Effect) {
        let matches = Match { skip, ..Match::face(self.row.face) };
        self.sim.with(|world| world.faults.push(Fault { matches, times, effect }));
    }

    /// Returns how often the forge was asked for an operation.
    pub fn asked(&self, operation: &str) -> usize {
        let journal = self.sim.journal();
        journal.iter().filter(|entry| entry.face == self.row.face && entry.operation == operation).count()
    }

    /// Returns author and text of the comments that hold the mark.
    pub fn marked(&self) -> Vec<(String, String)> {
        let all = self.sim.with(|world| (self.row.comments)(world));
        all.into_iter().filter(|(_, text)| text.contains(MARK)).collect()
    }

    /// Writes the comment.
    pub async fn comment(&self, body: &str, upsert: Upsert) -> liftoff::error::Result<Option<String>> {
        comment_on(&*self.forge(), 1, body, upsert).await
    }

    /// Checks that the simulator saw nothing that nobody should have done.
    pub fn assert_clean(&self) {
        assert_eq!(self.sim.violations(), Vec::<String>::new(), "{:?}", self.row.kind);
    }
}

/// Writes the comment on a pull request.
pub async fn comment_on(forge: &dyn Forge, number: u64, body: &str, upsert: Upsert) -> liftoff::error::Result<Option<String>> {
    forge.upsert_comment(&Comment { pull_request: number, mark: MARK, body }, upsert).await
}

/// Sets a status of the pull request's head.
pub async fn set_status(forge: &dyn Forge, state: State, description: &str) -> liftoff::error::Result<()> {
    let target_url = Some("https://ci.example.com/1");
    forge.set_status(&CommitStatus { commit: &head(), state, name: "liftoff", description, target_url }).await
}

/// Returns the head of pull request 1.
pub fn head() -> CommitSha {
    sha(SANDBOX_HEAD)
}

/// Returns the commit that pull request 1 is compared with.
pub fn base() -> CommitSha {
    sha(SANDBOX_COMMIT)
}

/// Returns a commit id.
pub fn sha(text: &str) -> CommitSha {
    CommitSha::parse(text).expect("a commit id")
}
