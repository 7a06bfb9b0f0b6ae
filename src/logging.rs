//! Log lines of Liftoff's own code, through the console, one line an event.
//! It never shows other crates' debug output, because that holds headers and bodies.

use std::io::Write;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::ci;
use crate::console::printer::Console;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::settings::values::LogLevel;

/// Returns how much to log: the setting, else `debug` when the CI system asks for it, else `warn`.
#[must_use]
pub fn level(setting: Option<LogLevel>, env: &Env) -> LogLevel {
    let wanted = if (ci::detect(env).wants_debug)(env) { LogLevel::Debug } else { LogLevel::Warn };
    setting.unwrap_or(wanted)
}

/// Starts logging for the whole process.
///
/// # Errors
/// Fails with `Kind::Internal` when logging has been started before.
pub fn start(console: &Console, level: LogLevel) -> Result<()> {
    tracing::subscriber::set_global_default(subscriber(console, level))
        .map_err(|error| Error::new(Kind::Internal, "start logging").because(error))
}

/// Returns a subscriber that writes to the console.
pub fn subscriber(console: &Console, level: LogLevel) -> impl Subscriber + Send + Sync + use<> {
    let own = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let others = own.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(others).with_target("liftoff", own).with_target("astro_sim", own);
    let console = console.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        // The CI system's log has times, and a person sees them pass.
        .without_time()
        .with_writer(move || Line(console.clone()));
    tracing_subscriber::registry().with(lines.with_filter(targets))
}

/// Receives one event at a time: the formatter writes each with a single call.
struct Line(Console);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.info(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::console::printer::{Colour, Look, Motion, Sinks};
    use crate::model::dialect::Dialect;
    use crate::model::secret::Secret;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a sink").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, work: impl FnOnce()) -> String {
        let sink = Sink::default();
        let sinks = Sinks { data: Box::new(std::io::sink()), talk: Box::new(sink.clone()) };
        let console = Console::new(sinks, Look { dialect: Dialect::Plain, colour: Colour::Off, motion: Motion::Lines });
        console.mask(&Secret::new("hunter2"));
        tracing::subscriber::with_default(subscriber(&console, level), work);
        let bytes = sink.0.lock().expect("a sink").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn an_event_is_one_line_without_secrets() {
        let text = logged(LogLevel::Info, || {
            tracing::info!(path = %"a\nb", token = "hunter2", "read\u{1b}[31m it");
            tracing::debug!("not this");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO") && text.contains("path=a\\nb") && text.contains("token=\"***\""), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("not this"), "{text}");
    }

    #[test]
    fn other_crates_are_never_louder_than_warnings() {
        let text = logged(LogLevel::Trace, || {
            tracing::trace!(target: "hyper::proto", "authorization: Bearer x");
            tracing::warn!(target: "hyper::proto", "odd");
            tracing::trace!("ours");
        });
        assert!(!text.contains("authorization") && text.contains("odd") && text.contains("ours"), "{text}");
        assert_eq!(logged(LogLevel::Error, || tracing::warn!(target: "hyper", "odd")), "");
    }

    #[test]
    fn the_setting_is_stronger_than_the_ci_systems_wish() {
        let env = |pairs: &[(&str, &str)]| {
            Env::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())), PathBuf::from("/w"))
        };
        let debug = env(&[("GITHUB_ACTIONS", "true"), ("RUNNER_DEBUG", "1")]);
        assert_eq!(level(Some(LogLevel::Error), &debug), LogLevel::Error);
        assert_eq!(level(None, &env(&[("RUNNER_DEBUG", "1")])), LogLevel::Warn, "only on that system");
        let switches = [
            (("GITHUB_ACTIONS", "true"), ("RUNNER_DEBUG", "1")),
            (("GITHUB_ACTIONS", "true"), ("ACTIONS_STEP_DEBUG", "true")),
            (("GITEA_ACTIONS", "true"), ("ACTIONS_STEP_DEBUG", "true")),
            (("GITLAB_CI", "true"), ("CI_DEBUG_TRACE", "true")),
            (("TF_BUILD", "True"), ("SYSTEM_DEBUG", "true")),
            (("BUILDKITE", "true"), ("BUILDKITE_AGENT_DEBUG", "true")),
        ];
        for (system, switch) in switches {
            assert_eq!(level(None, &env(&[system, switch])), LogLevel::Debug, "{switch:?}");
            assert_eq!(level(None, &env(&[system, (switch.0, "false")])), LogLevel::Warn, "{switch:?}");
        }
    }
}
