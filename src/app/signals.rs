//! Turns SIGINT and SIGTERM into the wish to stop.

use std::time::Duration;

use crate::deploy::interrupt::Trigger;
use crate::error::Kind;

/// A signal right behind the first says the same: a terminal sends it to a launcher and to this
/// process, and the launcher passes it on.
const SAME_WISH: Duration = Duration::from_secs(1);

/// Listens until the first signal; a later one ends the process the hard way.
pub fn listen(trigger: Trigger) {
    tokio::spawn(async move {
        trigger.stop(first().await);
        tokio::time::sleep(SAME_WISH).await;
        let second = first().await;
        std::process::exit(i32::from(second.exit_code()));
    });
}

#[cfg(unix)]
async fn first() -> Kind {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Kind::Interrupted,
        _ = terminate.recv() => Kind::Terminated,
    }
}

#[cfg(not(unix))]
async fn first() -> Kind {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Kind::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
