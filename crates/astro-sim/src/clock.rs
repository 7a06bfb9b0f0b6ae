//! Tells the world's time, which a test can stop and move.
//! It must not know what the time is used for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The world's clock.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's time plus a shift.
    System {
        /// How far the world runs ahead of the machine.
        ahead: SignedDuration,
    },
    /// A stopped clock.
    Fixed(Timestamp),
}

impl Clock {
    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System { ahead } => Timestamp::now().saturating_add(*ahead).unwrap_or(Timestamp::MAX),
            Clock::Fixed(now) => *now,
        }
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        match self {
            Clock::System { ahead } => *ahead = ahead.saturating_add(by),
            Clock::Fixed(now) => *now = now.saturating_add(by).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::System { ahead: SignedDuration::ZERO }
    }
}
