//! The console: one object through which every word leaves the program.
//! It cleans and masks what it prints, and never decides what is worth printing.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::MultiProgress;

use crate::console::activity::Activity;
use crate::console::clean;
use crate::console::command::{self, Annotation, Dialect};
use crate::console::progress::{Progress, Total};
use crate::env::names;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Place, Result};
use crate::model::secret::Secret;
use crate::settings::values::ColourChoice;

/// Secrets shorter than this would hide half of every line.
const SHORTEST_SECRET: usize = 4;

/// Where output goes.
pub struct Sinks {
    /// Data: standard output.
    pub data: Box<dyn Write + Send>,
    /// Talk: standard error.
    pub talk: Box<dyn Write + Send>,
}

/// What output looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Who reads it.
    pub dialect: Dialect,
    /// Whether to colour.
    pub colour: Colour,
    /// How to show progress.
    pub motion: Motion,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    On,
    /// None.
    Off,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Bars, drawn on standard error, which must be a terminal.
    Bars,
    /// A few lines.
    Lines,
}

/// The printer. Clones share everything.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    look: Look,
    bars: Option<MultiProgress>,
}

struct State {
    sinks: Sinks,
    secrets: Vec<String>,
}

impl Console {
    /// Creates a console over any sinks.
    #[must_use]
    pub fn new(sinks: Sinks, look: Look) -> Self {
        let bars = (look.motion == Motion::Bars).then(MultiProgress::new);
        Self(Arc::new(Shared { state: Mutex::new(State { sinks, secrets: Vec::new() }), look, bars }))
    }

    /// Creates the console of this process. `provider` is the CI provider's stable name.
    #[must_use]
    pub fn of_process(env: &Env, provider: &str, colour: ColourChoice) -> Self {
        let (data, talk) = (std::io::stdout(), std::io::stderr());
        let terminal = talk.is_terminal() && env.get("TERM") != Some("dumb");
        let dialect = Dialect::of(provider);
        let colour = match colour {
            ColourChoice::Always => Colour::On,
            ColourChoice::Auto if terminal && env.raw(names::NO_COLOR).is_none_or(str::is_empty) => Colour::On,
            ColourChoice::Auto | ColourChoice::Never => Colour::Off,
        };
        let motion = if terminal && dialect == Dialect::Plain { Motion::Bars } else { Motion::Lines };
        Self::new(Sinks { data: Box::new(data), talk: Box::new(talk) }, Look { dialect, colour, motion })
    }

    /// Returns whether whoever reads the log shows errors and warnings at their places in files.
    #[must_use]
    pub fn shows_places(&self) -> bool {
        self.0.look.dialect == Dialect::GitHubActions
    }

    /// Prints data: text of one line or more, to standard output.
    ///
    /// # Errors
    /// Fails when standard output cannot be written, except when its reader has gone.
    pub fn data(&self, text: &str) -> Result<()> {
        let dialect = self.0.look.dialect;
        let text = clean::lines(&self.masked(text));
        self.write_data(&text.split('\n').map(|line| dialect.harmless(line.to_owned())).collect::<Vec<_>>().join("\n"))
    }

    /// Prints data as indented JSON, to standard output.
    ///
    /// # Errors
    /// Fails as `data` does.
    pub fn json(&self, value: &serde_json::Value) -> Result<()> {
        // `##` occurs only inside strings, where the escape means the same; it keeps runners from
        // finding a command there.
        self.write_data(&self.masked(&format!("{value:#}")).replace("##", "#\\u0023"))
    }

    /// Prints one line of talk.
    pub fn info(&self, text: &str) {
        self.talk(&self.line(text));
    }

    /// Prints one line that is worth knowing.
    pub fn notice(&self, text: &str) {
        self.annotate(Annotation::Notice, None, text);
    }

    /// Prints one line about what may be wrong.
    pub fn warning(&self, text: &str) {
        self.annotate(Annotation::Warning, None, text);
    }

    /// Prints an error that does not end the run, with its cause and hint.
    pub fn warn_about(&self, error: &Error) {
        self.annotate_lines(Annotation::Warning, error.place(), &error.to_string());
    }

    /// Prints one line about what may be wrong at a place in a file.
    pub fn warning_at(&self, place: &Place, text: &str) {
        self.annotate(Annotation::Warning, Some(place), text);
    }

    /// Prints one line about what is wrong at a place in a file, when the run's own error says it in short.
    pub fn error_at(&self, place: &Place, text: &str) {
        self.annotate(Annotation::Error, Some(place), text);
    }

    /// Prints an error with its cause and hint. CI systems show it at its place.
    pub fn error(&self, error: &Error) {
        self.annotate_lines(Annotation::Error, error.place(), &error.to_string());
    }

    /// Opens a group of lines, which CI systems can fold; it ends when the value is dropped.
    pub fn group(&self, title: &str) -> Group {
        let title = self.line(title);
        match self.0.look.dialect {
            Dialect::GitHubActions => self.talk(&command::group(&title)),
            Dialect::Plain => self.talk(&title),
        }
        Group(self.clone())
    }

    /// Starts to show that work of unknown length goes on.
    #[must_use]
    pub fn activity(&self, label: &str) -> Activity {
        Activity::start(self.0.bars.as_ref(), label)
    }

    /// Starts to show how far a long step has come.
    #[must_use]
    pub fn progress(&self, label: &str, total: Total) -> Progress {
        let console = self.clone();
        Progress::start(Box::new(move |line| console.info(line)), self.0.bars.as_ref(), label, total)
    }

    /// Hides a secret from everything printed from now on. For secrets that the CI system gave,
    /// and therefore hides by itself.
    pub fn hide(&self, secret: &Secret) {
        self.remember(secret);
    }

    /// Hides a secret as `hide` does, and tells GitHub's runner, so that other programs' output
    /// is covered as well. Only for secrets that the runner cannot know: it never shows that
    /// line, but whoever else keeps the output does.
    pub fn mask(&self, secret: &Secret) {
        for part in self.remember(secret) {
            if self.0.look.dialect == Dialect::GitHubActions {
                self.talk(&command::mask(&part));
            }
        }
    }

    /// Returns the text with `***` for every hidden secret, for what leaves by another way than
    /// this console.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        self.state().secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text }
        })
    }

    /// Returns the lines of a secret that were not known yet.
    fn remember(&self, secret: &Secret) -> Vec<String> {
        let mut state = self.state();
        let mut new = Vec::new();
        for part in secret.expose().lines().map(str::trim).filter(|part| part.len() >= SHORTEST_SECRET) {
            if !state.secrets.iter().any(|known| known == part) {
                state.secrets.push(part.to_owned());
                new.push(part.to_owned());
            }
        }
        // A secret that holds another must be replaced first, or its rest would show.
        state.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        new
    }

    /// Prints one line; a line end in it is part of a name.
    fn annotate(&self, kind: Annotation, place: Option<&Place>, text: &str) {
        self.annotation(kind, place, vec![clean::one_line(&self.masked(text))]);
    }

    /// Prints a text of several lines.
    fn annotate_lines(&self, kind: Annotation, place: Option<&Place>, text: &str) {
        self.annotation(kind, place, self.masked(text).lines().map(clean::one_line).collect());
    }

    fn annotation(&self, kind: Annotation, place: Option<&Place>, lines: Vec<String>) {
        if self.0.look.dialect == Dialect::GitHubActions {
            let place = place.map(|place| Place { path: self.masked(&place.path), line: place.line });
            self.talk(&command::annotation(kind, place.as_ref(), &lines.join("\n")));
            return;
        }
        let place = place.map(|place| {
            clean::one_line(&self.masked(&place.path)) + &place.line.map(|line| format!(":{line}")).unwrap_or_default()
        });
        let at = place.map(|place| format!("  --> {place}"));
        let first = format!("{}: {}", self.painted(kind), lines.first().map_or("", String::as_str));
        self.talk(&std::iter::once(first).chain(lines.into_iter().skip(1)).chain(at).collect::<Vec<_>>().join("\n"));
    }

    fn painted(&self, kind: Annotation) -> String {
        let colour = match (self.0.look.colour, kind) {
            (Colour::Off, _) => return kind.word().to_owned(),
            (Colour::On, Annotation::Error) => 31,
            (Colour::On, Annotation::Warning) => 33,
            (Colour::On, Annotation::Notice) => 36,
        };
        format!("\u{1b}[1;{colour}m{}\u{1b}[0m", kind.word())
    }

    fn line(&self, text: &str) -> String {
        self.0.look.dialect.harmless(clean::one_line(&self.masked(text)))
    }

    /// Writes finished lines at once, so that lines of different tasks never mix. A closed
    /// standard error is no reason to fail a deploy.
    fn talk(&self, lines: &str) {
        let write = || {
            let mut state = self.state();
            let _ = state.sinks.talk.write_all(format!("{lines}\n").as_bytes());
            let _ = state.sinks.talk.flush();
        };
        match &self.0.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn write_data(&self, text: &str) -> Result<()> {
        let mut state = self.state();
        let written = state.sinks.data.write_all(format!("{text}\n").as_bytes()).and_then(|()| state.sinks.data.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::new(Kind::Project, "write to standard output").because(error))
            }
            _ => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open group of lines.
#[must_use = "the group ends when this is dropped"]
pub struct Group(Console);

impl Drop for Group {
    fn drop(&mut self) {
        if self.0.0.look.dialect == Dialect::GitHubActions {
            self.0.talk(command::END_GROUP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("a sink").clone()).expect("UTF-8")
        }
    }

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn console(dialect: Dialect, colour: Colour) -> (Console, Sink, Sink) {
        let (data, talk) = (Sink::default(), Sink::default());
        let sinks = Sinks { data: Box::new(data.clone()), talk: Box::new(talk.clone()) };
        (Console::new(sinks, Look { dialect, colour, motion: Motion::Lines }), data, talk)
    }

    fn failure() -> Error {
        Error::new(Kind::Project, "read dags/a.py").because("line 3: bad\n::add-mask::e").hint("mend it").at("dags/a.py", Some(3))
    }

    #[test]
    fn data_and_talk_never_share_a_stream() {
        let (console, data, talk) = console(Dialect::Plain, Colour::Off);
        console.data("a\nb").expect("written");
        console.json(&serde_json::json!({"a": "##[x]"})).expect("written");
        console.info("info");
        console.notice("n");
        console.warning("w\nerror: forged");
        console.error(&failure());
        drop(console.group("group"));
        assert_eq!(data.text(), "a\nb\n{\n  \"a\": \"#\\u0023[x]\"\n}\n");
        assert_eq!(
            talk.text(),
            "info\nnotice: n\nwarning: w\\nerror: forged\nerror: could not read dags/a.py\nbecause: line 3: bad\n         \
             ::add-mask::e\nhint: mend it\n  --> dags/a.py:3\ngroup\n"
        );
        let text = data.text();
        let parsed: serde_json::Value = serde_json::from_str(text.trim_start_matches("a\nb\n")).expect("JSON");
        assert_eq!(parsed["a"], "##[x]", "the escape means the same");
    }

    #[test]
    fn github_gets_commands_for_our_words_and_none_from_hostile_ones() {
        let (console, data, talk) = console(Dialect::GitHubActions, Colour::Off);
        {
            let _group = console.group("::error::t");
            console.info(" ::add-mask::x\u{200b}");
            console.info("\u{200b}::error::y ##[group]z");
        }
        console.warning_at(&Place { path: "a:b".to_owned(), line: None }, "50%\n::x");
        console.error_at(&Place { path: "dags/a.py".to_owned(), line: Some(2) }, "x\n::y");
        console.error(&failure());
        console.data("ok\n::error::z").expect("written");
        assert_eq!(
            talk.text(),
            "::group::: :error::t\n : :add-mask::x\\u{200b}\n\\u{200b}::error::y # #[group]z\n::endgroup::\n\
             ::warning file=a%3Ab::50%25\\n::x\n::error file=dags/a.py,line=2::x\\n::y\n\
             ::error file=dags/a.py,line=3::could not read dags/a.py%0Abecause: line 3: bad%0A         ::add-mask::e%0Ahint: mend it\n"
        );
        assert_eq!(data.text(), "ok\n: :error::z\n");
    }

    #[test]
    fn a_masked_secret_is_in_no_stream() {
        for dialect in [Dialect::Plain, Dialect::GitHubActions] {
            let (console, data, talk) = console(dialect, Colour::Off);
            console.mask(&Secret::new("hunter"));
            console.mask(&Secret::new("hunter2-long\nsecond-line\nx"));
            console.mask(&Secret::new("hunter"));
            console.info("hunter2-long hunter x");
            console.error(&Error::new(Kind::Auth, "log in").because("second-line").at("hunter", None));
            console.data("hunter").expect("written");
            console.json(&serde_json::json!({"token": "hunter2-long"})).expect("written");
            let text = talk.text();
            let masks: Vec<&str> = text.lines().filter(|line| line.starts_with("::add-mask::")).collect();
            let rest =
                text.lines().filter(|line| !line.starts_with("::add-mask::")).collect::<Vec<_>>().join("\n") + &data.text();
            assert_eq!(masks.len(), if dialect == Dialect::Plain { 0 } else { 3 });
            assert!(rest.contains("*** *** x"), "{rest}");
            for secret in ["hunter", "2-long", "second"] {
                assert!(!rest.contains(secret), "{secret}: {rest}");
            }
        }
    }

    #[test]
    fn a_secret_that_the_runner_knows_is_never_written_not_even_to_hide_it() {
        let (console, data, talk) = console(Dialect::GitHubActions, Colour::Off);
        console.hide(&Secret::new("hunter2-long"));
        console.mask(&Secret::new("hunter2-long"));
        console.info("hunter2-long");
        console.data("hunter2-long").expect("written");
        assert_eq!((talk.text().as_str(), data.text().as_str()), ("***\n", "***\n"));
        assert_eq!(console.masked("a hunter2-long b"), "a *** b");
    }

    #[test]
    fn colour_only_paints_the_first_word() {
        let (console, _, talk) = console(Dialect::Plain, Colour::On);
        console.error(&Error::new(Kind::Usage, "go on"));
        assert_eq!(talk.text(), "\u{1b}[1;31merror\u{1b}[0m: could not go on\n");
    }

    #[test]
    fn only_a_full_disk_is_an_error_not_a_closed_pipe() {
        for (kind, expected) in [(ErrorKind::BrokenPipe, None), (ErrorKind::StorageFull, Some(Kind::Project))] {
            let sinks = Sinks { data: Box::new(Broken(kind)), talk: Box::new(Broken(kind)) };
            let console = Console::new(sinks, Look { dialect: Dialect::Plain, colour: Colour::Off, motion: Motion::Lines });
            console.info("nobody listens");
            assert_eq!(console.data("x").err().map(|error| error.kind()), expected);
        }
    }

    #[test]
    fn progress_without_a_terminal_is_a_few_lines() {
        let (console, _, talk) = console(Dialect::GitHubActions, Colour::Off);
        let progress = console.progress("upload", Total::Bytes(4096));
        let clone = progress.clone();
        for _ in 0..64 {
            clone.add(64);
        }
        drop(clone);
        progress.set(4096);
        progress.finish();
        let text = talk.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "upload: 4.0 KiB");
        assert!(lines[1].starts_with("upload: done, 4.0 KiB in ") && lines.len() == 2, "a quick step: {lines:?}");
    }
}
