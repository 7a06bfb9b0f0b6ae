//! A running simulator: where it listens, what it holds and what it has seen.
//! It must not know any face or rule.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::contract::Contract;
use crate::journal::JournalEntry;
use crate::serve::{self, Shared};
use crate::world::state::World;

/// A running simulator; dropping it stops it and closes every connection.
///
/// It runs on a thread of its own, so a test may block while the product under test talks to it.
pub struct Sim {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Sim {
    /// Shows the address only: a world can hold gigabytes.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sim").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sim {
    /// Starts on a free loopback port.
    pub async fn start(world: World) -> io::Result<Sim> {
        Sim::launch((Ipv4Addr::LOCALHOST, 0).into(), world)
    }

    /// Starts on an address.
    pub async fn start_on(address: SocketAddr, world: World) -> io::Result<Sim> {
        Sim::launch(address, world)
    }

    /// Starts on an address, from code that is not asynchronous.
    pub fn launch(address: SocketAddr, mut world: World) -> io::Result<Sim> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let host = address.to_string();
        world.site.url = format!("http://{host}");
        world.site.registry_host = host;
        let contract = Contract::astro_v1().map_err(io::Error::other)?;
        let shared = Arc::new(Shared::new(world, contract));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let run = move || runtime.block_on(serve::accept(listener, served, stopped));
        let thread = thread::Builder::new().name("astro-sim".into()).spawn(run)?;
        Ok(Sim { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns the base address, such as `http://127.0.0.1:4000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the base of the Astro API.
    pub fn astro_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Returns the base of the GitHub API.
    pub fn github_api_url(&self) -> String {
        format!("{}/github", self.url())
    }

    /// Returns the base of the GitLab API.
    pub fn gitlab_api_url(&self) -> String {
        format!("{}/gitlab/api/v4", self.url())
    }

    /// Returns the base of the Gitea API.
    pub fn gitea_api_url(&self) -> String {
        format!("{}/gitea/api/v1", self.url())
    }

    /// Returns the base of Bitbucket Cloud's API.
    pub fn bitbucket_api_url(&self) -> String {
        format!("{}/bitbucket/2.0", self.url())
    }

    /// Returns the base of Bitbucket Data Center, with `/rest` and its pages below.
    pub fn bitbucket_dc_url(&self) -> String {
        format!("{}/bitbucket-dc", self.url())
    }

    /// Returns the address that Azure DevOps' organizations are below.
    pub fn azure_devops_url(&self) -> String {
        format!("{}/azure", self.url())
    }

    /// Returns host and port of the image registry.
    pub fn registry_host(&self) -> String {
        self.address.to_string()
    }

    /// Looks into the world or changes it; requests wait meanwhile.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.shared.world())
    }

    /// Returns what has been asked so far.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.shared.journal().clone()
    }

    /// Returns everything that nobody should have done: unknown routes, breaches of the contract, leaked credentials.
    pub fn violations(&self) -> Vec<String> {
        self.shared.journal().iter().filter_map(|entry| entry.violation.clone()).collect()
    }

    /// Opens a gate of [`crate::faults::Effect::Gate`] or `GateAnswer` for good: requests that wait there go on.
    pub fn open(&self, gate: &str) {
        self.shared.gates().open(gate);
    }

    /// Returns how many requests wait at a gate; one whose client has gone away does not.
    pub fn waiting(&self, gate: &str) -> usize {
        self.shared.gates().waiting(gate)
    }

    /// Stops and waits until every connection is closed.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread only fails if a handler panicked, which that request's client has noticed.
            let _ = thread.join();
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop();
    }
}
