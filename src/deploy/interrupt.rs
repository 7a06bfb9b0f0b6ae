//! The wish to stop: set once by a signal, seen by whoever works.
//! It does not listen for signals itself.

use tokio::sync::watch;

use crate::error::Kind;

/// Where the wish is seen. Clones see the same wish.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<Option<Kind>>);

/// Where the wish is set.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Option<Kind>>);

/// Creates a pair; nothing is wished yet.
#[must_use]
pub fn channel() -> (Trigger, Interrupt) {
    let (sender, receiver) = watch::channel(None);
    (Trigger(sender), Interrupt(receiver))
}

impl Trigger {
    /// Wishes to stop; `Kind::Interrupted` or `Kind::Terminated` says by which signal.
    pub fn stop(&self, kind: Kind) {
        // Nobody listening any more means that the work is over.
        let _ = self.0.send(Some(kind));
    }
}

impl Interrupt {
    /// Waits until somebody wishes to stop; for ever when nobody does.
    pub async fn wished(&mut self) -> Kind {
        match self.0.wait_for(Option::is_some).await {
            Ok(kind) => kind.unwrap_or(Kind::Interrupted),
            Err(_) => std::future::pending().await,
        }
    }
}
