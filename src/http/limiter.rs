//! Paces requests so that they stay within a server's rate limits.
//! It knows methods and rates; it sends nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

/// Paces GET, POST and DELETE separately; other methods pass at once.
pub struct Limiter {
    get: Mutex<Pace>,
    post: Mutex<Pace>,
    delete: Mutex<Pace>,
}

impl Limiter {
    /// Creates a limiter from the most requests in any second. A fifth of each limit may come in
    /// one burst; the rest is spread evenly, so that no window of one second exceeds the limit.
    #[must_use]
    pub fn new(get: u32, post: u32, delete: u32) -> Self {
        let pace = |limit| Mutex::new(Pace::new(limit));
        Self { get: pace(get), post: pace(post), delete: pace(delete) }
    }

    /// Returns when a request of this method may be sent.
    pub async fn admit(&self, method: &Method) {
        let pace = match *method {
            Method::GET => &self.get,
            Method::POST => &self.post,
            Method::DELETE => &self.delete,
            _ => return,
        };
        let wait = pace.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now());
        if !wait.is_zero() {
            tracing::trace!(%method, wait_ms = wait.as_millis() as u64, "pacing requests");
            tokio::time::sleep(wait).await;
        }
    }
}

/// A token bucket kept as one moment: when the bucket would be full again.
struct Pace {
    interval: Duration,
    slack: Duration,
    full_at: Option<Instant>,
}

impl Pace {
    fn new(limit: u32) -> Self {
        let limit = limit.max(1);
        let burst = (limit / 5).max(1);
        let interval = Duration::from_secs(1) / (limit - burst).max(1);
        Self { interval, slack: interval * (burst - 1), full_at: None }
    }

    /// Takes the next place and returns how long to wait for it.
    fn reserve(&mut self, now: Instant) -> Duration {
        let start = self.full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(start + self.interval);
        start.saturating_duration_since(now).saturating_sub(self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_ever_exceeds_the_limit() {
        for limit in [5_u32, 10, 25] {
            let mut pace = Pace::new(limit);
            let start = Instant::now();
            // A pause in the middle fills the bucket again.
            let asked = (0..100).map(|_| start).chain((0..100).map(|_| start + Duration::from_secs(40)));
            let sent: Vec<Instant> = asked.map(|at| at + pace.reserve(at)).collect();
            for (index, first) in sent.iter().enumerate() {
                let within = sent[index..].iter().filter(|at| at.duration_since(*first) < Duration::from_secs(1)).count();
                assert!(within <= limit as usize, "{within} in one second, limit {limit}");
            }
            let took = sent[99].duration_since(sent[0]);
            assert!(took < Duration::from_secs(u64::from(200 / limit)), "{took:?} for 100 requests at {limit}/s");
        }
    }

    #[test]
    fn a_few_requests_pass_at_once() {
        let mut pace = Pace::new(25);
        let now = Instant::now();
        let waits: Vec<Duration> = (0..6).map(|_| pace.reserve(now)).collect();
        assert_eq!(waits[..5], [Duration::ZERO; 5]);
        assert!(waits[5] > Duration::ZERO);
    }
}
