//! Whether a failed request may be sent again, and after how long.
//! Pure data and functions: it sends nothing, sleeps nowhere and knows no service.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use jiff::Timestamp;

/// What a repetition of a request would do on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The same as sending it once: reads, uploads, deletes, updates, finalize.
    Safe,
    /// Something again: creates. Only a request that was surely not acted upon is repeated.
    OnlyIfUnseen,
}

/// A failure that may pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection was made, so the server has not seen the request.
    Unreached,
    /// The connection broke, or no answer came in time: the server may have acted.
    Lost,
    /// The server answered with a temporary status.
    Status {
        /// The status code.
        code: u16,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
}

impl Trouble {
    /// Returns the trouble behind a status, or `None` when trying again cannot help.
    #[must_use]
    pub const fn of_status(code: u16, retry_after: Option<Duration>) -> Option<Self> {
        match code {
            408 | 429 | 500 | 502 | 503 | 504 => Some(Self::Status { code, retry_after }),
            _ => None,
        }
    }

    /// Returns whether the server may have acted on the request all the same.
    #[must_use]
    pub const fn may_have_acted(&self) -> bool {
        match self {
            Self::Unreached => false,
            Self::Lost => true,
            Self::Status { code, .. } => *code != 429,
        }
    }
}

/// How often and how patiently to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Number of tries in all, the first included; at least one is made.
    pub tries: u32,
    /// Delay before the second try; it doubles with each further one.
    pub first_delay: Duration,
    /// Longest delay of our own choosing.
    pub longest_delay: Duration,
    /// Longest delay that a server's `Retry-After` can ask for.
    pub longest_request: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 4,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(20),
            longest_request: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Returns how long to wait before the next try, or `None` to give up. `tried` counts the
    /// tries made so far; `jitter` lies in 0..1 and spreads the delay over its upper half, so
    /// that jobs started together do not return together.
    #[must_use]
    pub fn delay(&self, tried: u32, trouble: &Trouble, repeat: Repeat, jitter: f64) -> Option<Duration> {
        if tried >= self.tries || (repeat == Repeat::OnlyIfUnseen && trouble.may_have_acted()) {
            return None;
        }
        let backed_off = self.first_delay.saturating_mul(1 << (tried.max(1) - 1).min(16)).min(self.longest_delay);
        let own = backed_off.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        match trouble {
            Trouble::Status { retry_after: Some(asked), .. } => Some((*asked).max(own).min(self.longest_request.max(own))),
            _ => Some(own),
        }
    }
}

/// Reads a `Retry-After` header: whole seconds or an HTTP date. `None` for anything else; a
/// date in the past asks for no delay.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Returns a number in 0..1 that differs from call to call and from process to process.
#[must_use]
pub fn jitter() -> f64 {
    // The standard library seeds each `RandomState` differently, which is random enough here.
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        tries: 4,
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_millis(300),
        longest_request: Duration::from_millis(5_000),
    };

    fn status(code: u16, seconds: Option<u64>) -> Trouble {
        Trouble::of_status(code, seconds.map(Duration::from_secs)).expect("a temporary status")
    }

    #[test]
    fn only_temporary_statuses_are_trouble() {
        for code in [408, 429, 500, 502, 503, 504] {
            assert!(Trouble::of_status(code, None).is_some(), "{code}");
        }
        for code in [200, 301, 400, 401, 403, 404, 409, 412, 422, 501, 505] {
            assert!(Trouble::of_status(code, None).is_none(), "{code}");
        }
    }

    #[test]
    fn delays_double_up_to_a_limit_and_end_after_the_last_try() {
        let delays: Vec<_> = (1..=5).map(|tried| POLICY.delay(tried, &Trouble::Lost, Repeat::Safe, 1.0)).collect();
        let millis = |number| Some(Duration::from_millis(number));
        assert_eq!(delays, [millis(100), millis(200), millis(300), None, None]);
        assert_eq!(POLICY.delay(1, &Trouble::Lost, Repeat::Safe, 0.0), millis(50));
    }

    #[test]
    fn a_create_is_repeated_only_when_the_server_cannot_have_acted() {
        let repeated = |trouble: &Trouble| POLICY.delay(1, trouble, Repeat::OnlyIfUnseen, 0.5).is_some();
        assert!(repeated(&Trouble::Unreached));
        assert!(repeated(&status(429, None)));
        for trouble in
            [Trouble::Lost, status(500, None), status(502, None), status(503, None), status(504, None), status(408, None)]
        {
            assert!(!repeated(&trouble), "{trouble:?}");
            assert!(POLICY.delay(1, &trouble, Repeat::Safe, 0.5).is_some(), "{trouble:?}");
        }
    }

    #[test]
    fn a_server_may_ask_for_a_longer_delay_within_bounds() {
        let delay = |seconds| POLICY.delay(1, &status(429, Some(seconds)), Repeat::Safe, 1.0);
        assert_eq!(delay(3), Some(Duration::from_secs(3)));
        assert_eq!(delay(0), Some(Duration::from_millis(100)), "never faster than our own back-off");
        assert_eq!(delay(86_400), Some(Duration::from_secs(5)));
        assert_eq!(POLICY.delay(4, &status(429, Some(1)), Repeat::Safe, 1.0), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        for (text, seconds) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Fri, 02 Jan 2026 03:04:35 GMT", Some(30)),
            ("Fri, 02 Jan 2026 03:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn jitter_varies_within_its_range() {
        let samples: Vec<f64> = (0..50).map(|_| jitter()).collect();
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)), "{samples:?}");
        assert!(samples.iter().any(|sample| *sample != samples[0]));
    }
}
