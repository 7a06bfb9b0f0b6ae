//! Turns SIGINT and SIGTERM into the wish to stop.

use crate::deploy::interrupt::Trigger;
use crate::error::Kind;

/// Listens until the first signal; a second one ends the process the hard way.
pub fn listen(trigger: Trigger) {
    tokio::spawn(async move {
        trigger.stop(first().await);
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
