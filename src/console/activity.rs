//! A sign of life for work of unknown length: a spinner with a clock on a terminal, nothing elsewhere.
//! It shows what it is told; lines of text are the printer's business.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Time between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// Running work. The spinner goes when this is dropped.
pub struct Activity(Option<ProgressBar>);

impl Activity {
    /// Starts to show work. `Console::activity` calls it.
    #[must_use]
    pub fn start(bars: Option<&MultiProgress>, label: &str) -> Self {
        Self(bars.map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner().with_message(label.to_owned()));
            bar.enable_steady_tick(TICK);
            // The template is a constant; should it be wrong, the default look does as well.
            bar.with_style(
                ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
            )
        }))
    }

    /// Shows what is going on now.
    pub fn tell(&self, message: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(message.to_owned());
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressDrawTarget;

    use super::*;

    #[test]
    fn a_terminal_shows_what_goes_on_until_it_ends() {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let activity = Activity::start(Some(&bars), "wait");
        activity.tell("Airflow does not yet have the DAG bundle");
        let bar = activity.0.clone().expect("a spinner");
        assert_eq!((bar.message().as_str(), bar.is_finished()), ("Airflow does not yet have the DAG bundle", false));
        drop(activity);
        assert!(bar.is_finished());
    }

    #[test]
    fn elsewhere_nothing_is_shown() {
        let activity = Activity::start(None, "wait");
        activity.tell("x");
        assert!(activity.0.is_none());
    }
}
