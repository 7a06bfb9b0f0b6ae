//! The console: one object through which every word leaves the program.
//! It cleans and masks what it prints, and never decides what is worth printing.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::MultiProgress;

use crate::console::activity::Activity;
use crate::console::clean;
use crate::console::progress::{Progress, Total};
use crate::console::syntax;
use crate::console::syntax::form::{Annotation, Section, Syntax};
use crate::env::names;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Place, Result};
use crate::model::dialect::Dialect;
use crate::model::secret::Secret;
use crate::settings::values::{ColourChoice, Format};

/// Secrets shorter than this would hide half of every line.
const SHORTEST_SECRET: usize = 4;

/// Where output goes.
pub struct Sinks {
    /// Data: standard output.
    pub data: Box<dyn Write + Send>,
    /// Talk: standard error, except where a CI system does not listen to that.
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
    groups: AtomicU64,
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
        let state = Mutex::new(State { sinks, secrets: Vec::new() });
        Self(Arc::new(Shared { state, look, bars, groups: AtomicU64::new(0) }))
    }

    /// Creates the console of this process for the dialect of its CI system's log. `format` says
    /// what standard output is for.
    #[must_use]
    pub fn of_process(env: &Env, dialect: Dialect, colour: ColourChoice, format: Format) -> Self {
        let terminal = std::io::stderr().is_terminal() && env.get("TERM") != Some("dumb");
        let talk = || Box::new(std::io::stderr());
        let (dialect, talk): (Dialect, Box<dyn Write + Send>) = match (dialect, format) {
            // The agent takes commands from standard output only, and shows every line of standard
            // error as a warning. What a program reads must stay clean of both.
            (Dialect::TeamCity, Format::Text) => (dialect, Box::new(std::io::stdout())),
            (Dialect::TeamCity, Format::Json) => (Dialect::Plain, talk()),
            _ => (dialect, talk()),
        };
        let colour = match colour {
            ColourChoice::Always => Colour::On,
            ColourChoice::Auto if terminal && env.raw(names::NO_COLOR).is_none_or(str::is_empty) => Colour::On,
            ColourChoice::Auto | ColourChoice::Never => Colour::Off,
        };
        // Some CI systems pretend to be a terminal, but nobody watches there.
        let watched = terminal && dialect == Dialect::Plain && env.get(names::CI).is_none();
        let motion = if watched { Motion::Bars } else { Motion::Lines };
        Self::new(Sinks { data: Box::new(std::io::stdout()), talk }, Look { dialect, colour, motion })
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
        let text = clean::lines(&self.masked(text));
        self.write_data(&text.split('\n').map(|line| self.harmless(line.to_owned())).collect::<Vec<_>>().join("\n"))
    }

    /// Prints a secret as data because the user asked for it, and nothing but the secret. It stays hidden everywhere else.
    ///
    /// # Errors
    /// Fails when standard output cannot be written, also when its reader has gone: then nobody has the secret.
    pub fn reveal(&self, secret: &Secret) -> Result<()> {
        self.try_write(format!("{}\n", secret.expose()).as_bytes()).map_err(unwritten)
    }

    /// Writes bytes of a file to standard output, as they are.
    ///
    /// # Errors
    /// Fails as `data` does.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        self.write_bytes(bytes)
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
        let number = self.0.groups.fetch_add(1, Ordering::Relaxed) + 1;
        let section = Section { title: self.line(title), name: format!("liftoff_{number}"), seconds: seconds() };
        self.talk(&(self.syntax().open_group)(&section));
        Group { console: self.clone(), section }
    }

    /// Hands on an output where the log has a command for that. The name is capitals and `_`.
    pub fn output(&self, name: &str, value: &str) {
        if let Some(command) = (self.syntax().output)(name, &clean::one_line(&self.masked(value))) {
            self.talk(&command);
        }
    }

    /// Hands on a file of Markdown as the run's summary, where the log has a command for that.
    pub fn summary(&self, path: &std::path::Path) {
        if let Some(command) = path.to_str().and_then(|path| (self.syntax().summary)(path)) {
            self.talk(&command);
        }
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

    /// Hides a secret as `hide` does, and tells a CI system that can do so as well, so that other
    /// programs' output is covered. Only for secrets that the system cannot know: it never shows
    /// that line, but whoever else keeps the output does.
    pub fn mask(&self, secret: &Secret) {
        for part in self.remember(secret) {
            if let Some(command) = (self.syntax().mask)(&part) {
                self.talk(&command);
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
        let place = place.map(|place| Place { path: clean::one_line(&self.masked(&place.path)), line: place.line });
        if let Some(command) = (self.syntax().annotation)(kind, place.as_ref(), &lines.join("\n")) {
            self.talk(&command);
            return;
        }
        let at = place.map(|place| {
            let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("  --> {}{line}", place.path)
        });
        let first = format!("{}: {}", self.painted(kind), lines.first().map_or("", String::as_str));
        let rest = lines.into_iter().skip(1).map(|line| self.harmless(line));
        let after = self.syntax().after_error.filter(|_| kind == Annotation::Error).map(str::to_owned);
        self.talk(&std::iter::once(first).chain(rest).chain(at).chain(after).collect::<Vec<_>>().join("\n"));
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
        self.harmless(clean::one_line(&self.masked(text)))
    }

    fn harmless(&self, line: String) -> String {
        (self.syntax().harmless)(line)
    }

    fn syntax(&self) -> &'static Syntax {
        syntax::of(self.0.look.dialect)
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
        self.write_bytes(format!("{text}\n").as_bytes())
    }

    fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        match self.try_write(bytes) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(unwritten(error)),
            _ => Ok(()),
        }
    }

    fn try_write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut state = self.state();
        state.sinks.data.write_all(bytes)?;
        state.sinks.data.flush()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unwritten(error: std::io::Error) -> Error {
    Error::new(Kind::Project, "write to standard output").because(error)
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

/// An open group of lines.
#[must_use = "the group ends when this is dropped"]
pub struct Group {
    console: Console,
    section: Section,
}

impl Drop for Group {
    fn drop(&mut self) {
        let section = Section { seconds: seconds(), ..self.section.clone() };
        if let Some(command) = (self.console.syntax().close_group)(&section) {
            self.console.talk(&command);
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
        for dialect in Dialect::ALL {
            let (console, data, talk) = console(*dialect, Colour::Off);
            console.mask(&Secret::new("hunter"));
            console.mask(&Secret::new("hunter2-long\nsecond-line\nx"));
            console.mask(&Secret::new("hunter"));
            // What was said so far is for the log only, which never shows it.
            let masks = std::mem::take(&mut *talk.0.lock().expect("a sink"));
            console.info("hunter2-long hunter x");
            console.error(&Error::new(Kind::Auth, "log in").because("second-line").at("hunter", None));
            console.output("NAME", "hunter");
            drop(console.group("hunter"));
            console.data("hunter").expect("written");
            console.json(&serde_json::json!({"token": "hunter2-long"})).expect("written");
            let expected = match dialect {
                Dialect::GitHubActions | Dialect::GiteaActions => {
                    "::add-mask::hunter\n::add-mask::hunter2-long\n::add-mask::second-line\n"
                }
                Dialect::AzurePipelines => {
                    "##vso[task.setsecret]hunter\n##vso[task.setsecret]hunter2-long\n##vso[task.setsecret]second-line\n"
                }
                _ => "",
            };
            assert_eq!(String::from_utf8_lossy(&masks), expected, "{dialect:?}");
            let rest = talk.text() + &data.text();
            assert!(rest.contains("*** *** x"), "{rest}");
            for secret in ["hunter", "2-long", "second"] {
                assert!(!rest.contains(secret), "{secret}: {rest}");
            }
        }
    }

    /// One story in every dialect: a group, hostile words, a warning at a place, an error, an output.
    #[test]
    fn every_dialect_tells_the_same_story_in_its_words() {
        let told = |dialect| {
            let (console, data, talk) = console(dialect, Colour::Off);
            let group = console.group("plan");
            console.info("--- ##[x] ::y");
            drop(group);
            console.warning_at(&Place { path: "a.py".to_owned(), line: Some(2) }, "odd");
            console.error(&failure());
            console.output("DEPLOY_ID", "d1");
            assert_eq!(data.text(), "");
            // Seconds since 1970 stand in sections only.
            let text = talk.text();
            let scrubbed =
                |part: &str| if part.len() >= 10 && part.parse::<u64>().is_ok() { "TIME".to_owned() } else { part.to_owned() };
            text.split(':').map(scrubbed).collect::<Vec<_>>().join(":")
        };
        let plain = "warning: odd\n  --> a.py:2\nerror: could not read dags/a.py\nbecause: line 3: bad\n         ::add-mask::e\n\
                     hint: mend it\n  --> dags/a.py:3\n";
        assert_eq!(told(Dialect::Plain), format!("plan\n--- # #[x] ::y\n{plain}"));
        let broken = plain.replace(" ::add", " : :add");
        assert_eq!(told(Dialect::GiteaActions), format!("::group::plan\n--- # #[x] ::y\n::endgroup::\n{broken}"));
        assert_eq!(
            told(Dialect::GitLab),
            format!(
                "\u{1b}[0Ksection_start:TIME:liftoff_1\r\u{1b}[0Kplan\n--- # #[x] ::y\n\
                 \u{1b}[0Ksection_end:TIME:liftoff_1\r\u{1b}[0K\n{plain}"
            )
        );
        assert_eq!(told(Dialect::Buildkite), format!("--- plan\n- -- # #[x] ::y\n+++ Liftoff\n{plain}^^^ +++\n"));
        assert_eq!(
            told(Dialect::AzurePipelines),
            "##[group]plan\n--- # #[x] ::y\n##[endgroup]\n\
             ##vso[task.logissue type=warning;sourcepath=a.py;linenumber=2;]odd\n\
             ##vso[task.logissue type=error;sourcepath=dags/a.py;linenumber=3;]could not read dags/a.py%0A\
             because: line 3: bad%0A         ::add-mask::e%0Ahint: mend it\n\
             ##vso[task.setvariable variable=DEPLOY_ID;isOutput=true]d1\n"
        );
        let error = "dags/a.py:3: could not read dags/a.py|nbecause: line 3: bad|n         ::add-mask::e|nhint: mend it";
        assert_eq!(
            told(Dialect::TeamCity),
            format!(
                "##teamcity[blockOpened name='plan']\n--- # #[x] ::y\n##teamcity[blockClosed name='plan']\n\
                 ##teamcity[message text='a.py:2: odd' status='WARNING']\n\
                 ##teamcity[message text='{error}' status='ERROR']\n##teamcity[buildProblem description='{error}']\n\
                 ##teamcity[setParameter name='DEPLOY_ID' value='d1']\n"
            )
        );
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
            assert!(console.reveal(&Secret::new("x")).is_err(), "a secret that nobody got is lost");
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
