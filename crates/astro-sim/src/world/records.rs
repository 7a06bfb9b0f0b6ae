//! What the platform writes down: log lines of Deployments, the audit log, and who called how often.
//! It must not know who may read it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A line of a Deployment's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The Deployment.
    pub deployment_id: String,
    /// When it was written.
    pub at: Timestamp,
    /// The component, such as `scheduler`.
    pub source: String,
    /// Its text.
    pub raw: String,
}

/// One event of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// The event as it is exported.
    pub event: Value,
}

/// In which of the ways that have been seen the audit log travels (reference/astro-docs.md 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditShape {
    /// Compressed, and the header says so.
    #[default]
    GzipWithHeader,
    /// Compressed, and no header says so.
    GzipWithoutHeader,
    /// Not compressed.
    Plain,
}

/// The audit log of the world.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    /// Events, in no particular order.
    pub events: Vec<AuditEvent>,
    /// How it travels.
    pub shape: AuditShape,
    /// When it was last asked for.
    pub calls: Vec<Timestamp>,
}

/// Most calls of one token in a second (reference/astro-platform.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// GET.
    pub get: usize,
    /// POST.
    pub post: usize,
    /// DELETE.
    pub delete: usize,
}

impl Default for RateLimits {
    fn default() -> RateLimits {
        RateLimits { get: 25, post: 10, delete: 5 }
    }
}

/// How often who called.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// The limits; `None` counts nothing.
    pub limits: Option<RateLimits>,
    recent: Vec<(String, String, Timestamp)>,
}

impl Rates {
    /// Counts a call and returns whether it is within the limit.
    pub fn admit(&mut self, token: &str, method: &str, now: Timestamp) -> bool {
        let Some(limits) = self.limits else { return true };
        let most = match method {
            "GET" => limits.get,
            "DELETE" => limits.delete,
            _ => limits.post,
        };
        self.recent.retain(|(_, _, at)| now.duration_since(*at) < SignedDuration::from_secs(1));
        let same = self.recent.iter().filter(|(known, verb, _)| known == token && verb == method).count();
        if same < most {
            self.recent.push((token.to_owned(), method.to_owned(), now));
        }
        same < most
    }
}
