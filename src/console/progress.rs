//! How far a long step has come: a bar on a terminal, a few lines elsewhere.
//! It counts what it is told; it does not know what is being counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The longest silence between two lines while something moves.
const SILENCE: Duration = Duration::from_secs(10);

/// A step that takes less needs no lines in between.
const QUICK: Duration = Duration::from_secs(2);

/// The size of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Bytes.
    Bytes(u64),
    /// Files, layers, or whatever the label says.
    Items(u64),
}

impl Total {
    const fn count(self) -> u64 {
        match self {
            Self::Bytes(count) | Self::Items(count) => count,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Bytes(count) => bytes(count),
            Self::Items(count) => count.to_string(),
        }
    }
}

/// One running step. Clones count together; whoever drops the last one without `finish` leaves
/// no line.
#[derive(Clone)]
pub struct Progress(Arc<Shown>);

/// Prints one line of talk.
pub type Say = Box<dyn Fn(&str) + Send + Sync>;

struct Shown {
    say: Say,
    label: String,
    total: Total,
    bar: Option<ProgressBar>,
    cadence: Mutex<Cadence>,
}

impl Progress {
    /// Starts a step: draws the bar, or says the first line. `Console::progress` calls it.
    #[must_use]
    pub fn start(say: Say, bars: Option<&MultiProgress>, label: &str, total: Total) -> Self {
        let bar = bars.map(|bars| {
            let bar = bars.add(ProgressBar::new(total.count()).with_message(label.to_owned()));
            let template = match total {
                Total::Bytes(_) => "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}",
                Total::Items(_) => "{msg} [{bar:30}] {pos}/{len} {eta}",
            };
            // The template is a constant; should it be wrong, the default look does as well.
            bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        if bar.is_none() {
            say(&format!("{label}: {}", total.shown()));
        }
        let cadence = Mutex::new(Cadence::new(total.count(), Instant::now()));
        Self(Arc::new(Shown { say, label: label.to_owned(), total, bar, cadence }))
    }

    /// Adds to what is done.
    pub fn add(&self, count: u64) {
        self.update(|cadence| cadence.done.saturating_add(count));
    }

    /// Sets what is done, for instance after a retry starts again.
    pub fn set(&self, done: u64) {
        self.update(|_| done);
    }

    /// Ends the step with a last line.
    pub fn finish(self) {
        let elapsed = self.0.lock().started.elapsed();
        if let Some(bar) = &self.0.bar {
            bar.finish_and_clear();
        }
        (self.0.say)(&format!("{}: done, {} in {:.1} s", self.0.label, self.0.total.shown(), elapsed.as_secs_f64()));
    }

    fn update(&self, done: impl FnOnce(&Cadence) -> u64) {
        let shown = &self.0;
        let mut cadence = shown.lock();
        let done = done(&cadence);
        let percent = cadence.move_to(done, Instant::now());
        drop(cadence);
        match (&shown.bar, percent) {
            (Some(bar), _) => bar.set_position(done),
            (None, Some(percent)) => (shown.say)(&format!("{}: {percent} % of {}", shown.label, shown.total.shown())),
            (None, None) => {}
        }
    }
}

impl Shown {
    fn lock(&self) -> std::sync::MutexGuard<'_, Cadence> {
        self.cadence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Decides when a line is due. Takes the time as a value.
struct Cadence {
    total: u64,
    done: u64,
    started: Instant,
    last_line: Instant,
    last_quarter: u64,
}

impl Cadence {
    const fn new(total: u64, now: Instant) -> Self {
        Self { total, done: 0, started: now, last_line: now, last_quarter: 0 }
    }

    /// Moves on and returns the percentage to print, if a line is due: at a new quarter, or
    /// after ten seconds. The end is not printed; `finish` says it.
    fn move_to(&mut self, done: u64, now: Instant) -> Option<u64> {
        self.done = done;
        let percent = (u128::from(done) * 100).checked_div(u128::from(self.total)).map_or(0, |percent| percent.min(100)) as u64;
        let silent = now.saturating_duration_since(self.last_line) >= SILENCE;
        let quick = now.saturating_duration_since(self.started) < QUICK;
        if percent >= 100 || quick || !(silent || percent / 25 > self.last_quarter) {
            return None;
        }
        self.last_line = now;
        self.last_quarter = self.last_quarter.max(percent / 25);
        Some(percent)
    }
}

/// Returns a size for people, in binary units: `12.3 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = count as f64;
    let mut unit = "B";
    for next in UNITS {
        // 1023.95 would be rounded to 1024.0.
        if size < 1023.95 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{count} B") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_at_each_quarter_and_after_ten_seconds() {
        let start = Instant::now();
        let mut cadence = Cadence::new(1000, start);
        let rows = [
            (10, 0, None),
            (249, 9, None),
            (250, 9, Some(25)),
            (260, 18, None),
            (270, 19, Some(27)),
            (760, 20, Some(76)),
            (0, 21, None),
            (300, 22, None),
            (300, 30, Some(30)),
            (500, 31, None),
            (1000, 99, None),
            (5000, 199, None),
        ];
        for (done, seconds, expected) in rows {
            assert_eq!(cadence.move_to(done, start + Duration::from_secs(seconds)), expected, "{done} after {seconds} s");
        }
        assert_eq!(Cadence::new(0, start).move_to(5, start), None, "an unknown total never divides");
    }

    #[test]
    fn sizes_are_for_people() {
        let rows = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (12_900_000, "12.3 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ];
        for (count, expected) in rows {
            assert_eq!(bytes(count), expected);
        }
    }
}
