//! What every HTTP adapter shares: the client, the retry policy, the rate limits, the failures.
//! It knows no service, no token and no path.

pub mod client;
pub mod exchange;
pub mod failure;
pub mod limiter;
pub mod probe;
pub mod retry;
#[cfg(test)]
pub mod scripted;
pub mod stream;
