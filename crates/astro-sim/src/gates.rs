//! Gates that requests wait at until a test opens them, so that runs interleave as the test wants.
//! It must not know requests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// All gates; one that nobody has named yet is closed.
#[derive(Debug, Default)]
pub struct Gates {
    gates: Mutex<BTreeMap<String, watch::Sender<bool>>>,
}

impl Gates {
    /// Opens a gate for good: whoever waits there goes on, and nobody waits there again.
    pub fn open(&self, name: &str) {
        self.gate(name).send_replace(true);
    }

    /// Returns how many wait at a gate.
    pub fn waiting(&self, name: &str) -> usize {
        let gate = self.gate(name);
        if *gate.borrow() { 0 } else { gate.receiver_count() }
    }

    /// Waits until a gate is open.
    pub async fn pass(&self, name: &str) {
        let mut gate = self.gate(name).subscribe();
        // An error means that the gates are gone, and with them whoever could open one.
        let _ = gate.wait_for(|open| *open).await;
    }

    fn gate(&self, name: &str) -> watch::Sender<bool> {
        self.locked().entry(name.to_owned()).or_insert_with(|| watch::Sender::new(false)).clone()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<bool>>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
