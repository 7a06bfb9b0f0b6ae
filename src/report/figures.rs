//! Numbers for people: durations and counts. Sizes look as the console shows them.

use std::time::Duration;

/// Returns a duration to the precision that matters: `0.4 s`, `12 s`, `3 min 5 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// Returns a count with its noun: `1 file`, `3 files`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> =
            [0, 400, 9_960, 12_400, 60_000, 185_000].map(|millis| duration(Duration::from_millis(millis))).to_vec();
        assert_eq!(shown.join(", "), "0.0 s, 0.4 s, 10 s, 12 s, 1 min, 3 min 5 s");
        assert_eq!([count(0, "file"), count(1, "file"), count(2, "file")].join(", "), "0 files, 1 file, 2 files");
    }
}
