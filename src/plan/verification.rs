//! Judges what a Deployment's Airflow makes of a deploy: which files it can no longer import, and whether it has read them.
//! Pure: it compares looks at Airflow and knows neither how they were taken nor what time it is.
//!
//! A file counts as read since the deploy when Airflow's own stamps say so: the time at which a DAG of the file was last
//! found in it, or at which its import last failed. Both are compared with the newest stamp that Airflow had when the deploy
//! arrived, so no two clocks are ever compared. A file that Airflow knew and that has neither a DAG nor an error any more was
//! read as well: Airflow drops DAGs only after it has read their file without finding them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::airflow::{ImportError, Look, Paused};
use crate::model::markup::cut;
use crate::model::path::RelPath;

/// Added to the newest stamp at the arrival: Airflow stamps a file when the result is stored, so one that was read just
/// before the arrival can have a stamp just after it.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);
/// Where Astro's images have their DAGs.
const DAGS_FOLDER: &str = "/usr/local/airflow/dags/";
/// Most errors that are kept.
const MOST_ERRORS: usize = 100;
/// Most names of DAGs or files that are kept of one list.
const MOST_NAMES: usize = 500;
/// Most characters of a traceback; its end says most.
const MOST_TRACE: usize = 6_000;
/// Most characters of a name.
const MOST_NAME: usize = 300;

/// What the deploy brings, as far as the source says it.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The DAGs folder, relative to the repository.
    pub folder: RelPath,
    /// The files that ship, relative to that folder; none when the deploy ships no DAGs, and what Airflow knew is to go on.
    pub files: Option<BTreeSet<RelPath>>,
    /// Of these, files with DAGs that were not there before.
    pub added: BTreeSet<RelPath>,
    /// Ids of DAGs that the source no longer has.
    pub removed: BTreeSet<String>,
}

/// What Airflow makes of the deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The judgement.
    pub verdict: Verdict,
    /// What the judgement rests on.
    pub findings: Findings,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Airflow has read every file and can import whatever it could import before.
    Passed,
    /// Airflow has read every file, and there are files that it can no longer import.
    Failed,
    /// Nobody knows, for this reason, in words that follow "because".
    Unverified(String),
}

impl Verdict {
    /// Returns the stable machine-readable word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unverified(_) => "unverified",
        }
    }
}

/// What was found. All texts are hostile; lists and texts are bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Files that Airflow could import before, or that are new, and cannot import now.
    pub new: Vec<Broken>,
    /// Files that it could not import before either.
    pub known: Vec<Broken>,
    /// Files that it cannot import since the deploy and that the deploy did not ship.
    pub elsewhere: Vec<Broken>,
    /// Ids of DAGs that are there now and were not before.
    pub appeared: Vec<String>,
    /// Ids of DAGs that were there before and are not now, or will not be much longer.
    pub disappeared: Vec<String>,
    /// Ids of the deploy's DAGs that are paused.
    pub paused: Vec<String>,
    /// Files of which Airflow shows no sign that it has read them since the deploy.
    pub unread: Vec<String>,
}

impl Verification {
    /// Replaces every text by what the function makes of it.
    pub fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        let Findings { new, known, elsewhere, appeared, disappeared, paused, unread } = &mut self.findings;
        let why = match &mut self.verdict {
            Verdict::Unverified(why) => Some(why),
            Verdict::Passed | Verdict::Failed => None,
        };
        let broken = new.iter_mut().chain(known).chain(elsewhere);
        let broken = broken.flat_map(|broken| [&mut broken.file, &mut broken.message, &mut broken.trace]);
        let names = appeared.iter_mut().chain(disappeared).chain(paused).chain(unread);
        for text in broken.chain(names).chain(why) {
            *text = change(text);
        }
    }
}

/// A file that Airflow cannot import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, relative to the repository where the deploy shipped it, else as Airflow names it.
    pub file: String,
    /// 1-based line of the file in which the import failed, when the traceback tells.
    pub line: Option<usize>,
    /// The traceback's last line.
    pub message: String,
    /// The traceback, of which the beginning may be missing.
    pub trace: String,
}

impl Expectation {
    /// Returns the files that Airflow has to read before there can be a judgement, by their path below the DAGs folder:
    /// those of the deploy that it knew before, and those with new DAGs. A file without DAGs never shows that it was read. One
    /// whose DAGs the source no longer has shows it when Airflow drops them, which takes it a minute or two.
    #[must_use]
    pub fn awaited(&self, before: &Look) -> BTreeSet<String> {
        let knew = before.dags.iter().map(|dag| below(&dag.file));
        let knew = knew.chain(before.errors.iter().map(|error| below(&error.file)));
        let known = knew.filter(|file| self.ships(file)).map(str::to_owned);
        known.chain(self.added.iter().filter_map(|file| file.as_str().map(str::to_owned))).collect()
    }

    /// Returns whether the deploy answers for a file, given by its path below the DAGs folder.
    fn ships(&self, file: &str) -> bool {
        let Some(files) = &self.files else { return true };
        RelPath::parse(file.as_bytes()).is_some_and(|path| files.contains(&path))
    }

    fn in_repository(&self, file: &str) -> String {
        let path = RelPath::parse(file.as_bytes()).filter(|path| self.files.as_ref().is_some_and(|it| it.contains(path)));
        path.map_or_else(|| cut(file, MOST_NAME), |path| self.folder.join(&path).to_string())
    }
}

/// Returns the path below the DAGs folder of a file as Airflow names it: absolute on Airflow 2, relative to its DAG bundle
/// on Airflow 3. What is in no such folder stays as it is.
#[must_use]
pub fn below(file: &str) -> &str {
    if let Some(rest) = file.strip_prefix(DAGS_FOLDER) {
        return rest;
    }
    match file.strip_prefix('/').and_then(|_| file.split_once("/dags/")) {
        Some((_, rest)) => rest,
        None => file,
    }
}

/// Returns the moment after which a stamp tells that a file was read since the deploy arrived. `look` is the first one
/// after the arrival; `otherwise` counts where Airflow has no stamp at all.
#[must_use]
pub fn since(look: &Look, otherwise: Timestamp) -> Timestamp {
    let dags = look.dags.iter().filter_map(|dag| dag.parsed);
    let errors = look.errors.iter().filter_map(|error| error.seen);
    let newest = dags.chain(errors).chain(look.beat).max().unwrap_or(otherwise);
    newest.saturating_add(MARGIN).unwrap_or(Timestamp::MAX)
}

/// Returns those of the awaited files of which nothing tells that they were read since.
#[must_use]
pub fn unread(awaited: &BTreeSet<String>, (before, now): (&Look, &Look), since: Timestamp) -> BTreeSet<String> {
    let stamps = |look: &Look| -> BTreeMap<String, Option<Timestamp>> {
        let dags = look.dags.iter().map(|dag| (below(&dag.file).to_owned(), dag.parsed));
        let errors = look.errors.iter().map(|error| (below(&error.file).to_owned(), error.seen));
        let mut stamps = BTreeMap::new();
        for (file, stamp) in dags.chain(errors) {
            let newest: &mut Option<Timestamp> = stamps.entry(file).or_default();
            *newest = (*newest).max(stamp);
        }
        stamps
    };
    let (knew, knows) = (stamps(before), stamps(now));
    let is_read = |file: &&String| match knows.get(*file) {
        Some(stamp) => stamp.is_some_and(|stamp| stamp > since),
        None => knew.contains_key(*file),
    };
    awaited.iter().filter(|file| !is_read(file)).cloned().collect()
}

/// Returns what differs between the looks before and after a deploy. `unread` are the files that were awaited in vain.
#[must_use]
pub fn findings(expectation: &Expectation, (before, now): (&Look, &Look), unread: &BTreeSet<String>) -> Findings {
    let old: BTreeSet<&str> = before.errors.iter().map(|error| below(&error.file)).collect();
    let mut found = Findings::default();
    let mut errors: Vec<&ImportError> = now.errors.iter().collect();
    errors.sort_by(|one, two| one.file.cmp(&two.file));
    for error in errors {
        let file = below(&error.file);
        let list = match (old.contains(file), expectation.ships(file)) {
            (true, _) => &mut found.known,
            (false, true) => &mut found.new,
            (false, false) => &mut found.elsewhere,
        };
        if list.len() < MOST_ERRORS {
            list.push(broken(expectation, error));
        }
    }
    let ids = |look: &'_ Look| -> BTreeSet<String> { look.dags.iter().map(|dag| dag.id.clone()).collect() };
    let (were, are) = (ids(before), ids(now));
    let names = |names: &mut dyn Iterator<Item = String>| names.take(MOST_NAMES).map(|name| cut(&name, MOST_NAME)).collect();
    let goes = |id: &String| !are.contains(id) || expectation.removed.contains(id) || orphaned(expectation, before, id);
    found.appeared = names(&mut are.difference(&were).cloned());
    found.disappeared = names(&mut were.iter().filter(|id| goes(id)).cloned());
    let paused = now.dags.iter().filter(|dag| dag.paused == Paused::Yes && expectation.ships(below(&dag.file)) && !goes(&dag.id));
    let paused: BTreeSet<&str> = paused.map(|dag| dag.id.as_str()).collect();
    found.paused = names(&mut paused.into_iter().map(str::to_owned));
    found.unread = names(&mut unread.iter().map(|file| expectation.in_repository(file)));
    found
}

/// Returns whether a DAG came from the DAGs folder, from a file that does not ship any more.
fn orphaned(expectation: &Expectation, before: &Look, id: &str) -> bool {
    let Some(files) = &expectation.files else { return false };
    let file = before.dags.iter().find(|dag| dag.id == id).map(|dag| below(&dag.file));
    let folder = |file: &str| RelPath::parse(file.as_bytes()).and_then(|path| path.parent());
    // A file beside those that ship is from the same folder; one of another DAG bundle is not told apart by its path alone.
    let is_ours = |file: &str| folder(file).is_some_and(|it| files.iter().any(|path| path.parent().as_ref() == Some(&it)));
    file.is_some_and(|file| !file.starts_with('/') && is_ours(file) && !expectation.ships(file))
}

fn broken(expectation: &Expectation, error: &ImportError) -> Broken {
    let trace = error.stack_trace.trim_end();
    let length = trace.chars().count();
    let kept: String = trace.chars().skip(length.saturating_sub(MOST_TRACE)).collect();
    let trace = if length > MOST_TRACE { format!("…{kept}") } else { kept };
    let message = trace.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("Airflow gives no reason");
    let file = below(&error.file);
    Broken {
        file: expectation.in_repository(file),
        line: line(&trace, file),
        message: cut(message.trim(), MOST_NAME),
        trace: trace.clone(),
    }
}

/// Returns the last line of the file that a traceback names: `File "/usr/local/airflow/dags/a.py", line 3, in <module>`.
fn line(trace: &str, file: &str) -> Option<usize> {
    let named = |text: &str| {
        let (path, rest) = text.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let same = below(path) == file || path.strip_suffix(file).is_some_and(|front| front.ends_with('/'));
        digits.parse::<usize>().ok().filter(|line| same && *line > 0)
    };
    trace.lines().rev().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::airflow::AirflowDag;

    const V2: &str = "/usr/local/airflow/dags/";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).expect("a time")
    }

    /// `id file second`, where a `!` at the end of the id pauses the DAG and no second means that it was never read.
    fn dag(text: &str) -> AirflowDag {
        let mut words = text.split(' ');
        let id = words.next().expect("an id");
        let paused = if id.ends_with('!') { Paused::Yes } else { Paused::No };
        let file = words.next().expect("a file").to_owned();
        let parsed = words.next().map(|second| at(second.parse().expect("a number")));
        AirflowDag { id: id.trim_end_matches('!').to_owned(), paused, file, parsed }
    }

    /// `file second`.
    fn error(text: &str) -> ImportError {
        let (file, second) = text.split_once(' ').expect("a file and a second");
        let stack_trace =
            format!("Traceback\n  File \"/x/dags/{file}\", line 2, in <module>\n  File \"/lib.py\", line 9\nOh: no\n");
        ImportError { file: file.to_owned(), stack_trace, seen: Some(at(second.parse().expect("a number"))) }
    }

    fn look(dags: &[&str], errors: &[&str]) -> Look {
        let (dags, errors) = (dags.iter().map(|text| dag(text)), errors.iter().map(|text| error(text)));
        Look { dags: dags.collect(), errors: errors.collect(), beat: None }
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    fn ships(files: &[&str]) -> Expectation {
        let files = Some(files.iter().map(|file| path(file)).collect());
        Expectation { folder: path("astro/dags"), files, ..Expectation::default() }
    }

    fn set(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|file| (*file).to_owned()).collect()
    }

    #[test]
    fn paths_of_both_airflows_mean_the_same_file() {
        for (file, expected) in [
            ("/usr/local/airflow/dags/team/a.py", "team/a.py"),
            ("/usr/local/airflow/dags/dags/a.py", "dags/a.py"),
            ("/home/x/2/dags/a.py", "a.py"),
            ("team/dags/a.py", "team/dags/a.py"),
            ("/usr/local/airflow/include/a.py", "/usr/local/airflow/include/a.py"),
            ("", ""),
        ] {
            assert_eq!(below(file), expected);
        }
    }

    #[test]
    fn what_airflow_knew_and_what_is_new_is_awaited() {
        let before = look(&["a a.py 1", "gone gone.py 1", "b /usr/local/airflow/dags/b.py 1", "o out.py 1"], &["old.py 1"]);
        let shipped = ["a.py", "b.py", "old.py", "out.py", "new.py", "helper.py"];
        let mut expectation = ships(&shipped);
        expectation.added.insert(path("new.py"));
        expectation.removed.insert("o".to_owned());
        assert_eq!(expectation.awaited(&before), set(&["a.py", "b.py", "old.py", "out.py", "new.py"]));
        let image = Expectation::default();
        assert_eq!(image.awaited(&before), set(&["a.py", "b.py", "gone.py", "old.py", "out.py"]), "all goes on as before");
    }

    #[test]
    fn a_file_was_read_when_airflows_own_stamps_say_so() {
        let before = look(&["a a.py 1", "b b.py 2"], &["c.py 1"]);
        let since = since(&before, at(500));
        assert_eq!(since, at(12), "the newest stamp, and a margin");
        assert_eq!(super::since(&Look::default(), at(500)), at(510), "without any stamp the caller's clock");
        assert_eq!(super::since(&Look { beat: Some(at(90)), ..before.clone() }, at(500)), at(100), "a sign of life counts");
        let awaited = set(&["a.py", "b.py", "c.py", "n.py"]);
        for (dags, errors, expected) in [
            (vec!["a a.py 12", "b b.py 13"], vec!["c.py 12"], vec!["a.py", "c.py", "n.py"]),
            (vec!["a a.py 40", "b b.py 40", "n n.py 40"], vec!["c.py 40"], vec![]),
            // Broken now: its DAG stays with its old stamp, and the error has a new one.
            (vec!["a a.py 1", "b b.py 40", "n n.py 40"], vec!["a.py 40", "c.py 40"], vec![]),
            // Mended, without DAGs; and a new file of which nothing is known is not read.
            (vec!["a a.py 40", "b b.py 40"], vec![], vec!["n.py"]),
            (vec!["a a.py 40", "a2 a.py", "b b.py 40", "n n.py"], vec!["c.py 40"], vec!["n.py"]),
        ] {
            let now = look(&dags, &errors);
            assert_eq!(unread(&awaited, (&before, &now), since), set(&expected), "{dags:?} {errors:?}");
        }
    }

    #[test]
    fn only_what_broke_since_is_new() {
        let before = look(&["a a.py 1", "b b.py 1", "x x.py 1"], &["old.py 1"]);
        let broken = format!("{V2}a.py 40");
        let now = look(&["a a.py 1", "b! b.py 40", "n! n.py 40"], &["old.py 40", "elsewhere/z.py 40", &broken]);
        let expectation = ships(&["a.py", "b.py", "old.py", "n.py"]);
        let found = findings(&expectation, (&before, &now), &set(&["b.py"]));
        let files = |list: &[Broken]| list.iter().map(|broken| broken.file.clone()).collect::<Vec<_>>();
        assert_eq!(
            [files(&found.new), files(&found.known), files(&found.elsewhere)],
            [vec!["astro/dags/a.py".to_owned()], vec!["astro/dags/old.py".to_owned()], vec!["elsewhere/z.py".to_owned()]]
        );
        assert_eq!(found.appeared, ["n"]);
        assert_eq!(found.disappeared, ["x"]);
        assert_eq!(found.paused, ["b", "n"]);
        assert_eq!(found.unread, ["astro/dags/b.py"]);
        assert_eq!((found.known[0].line, found.known[0].message.as_str()), (Some(2), "Oh: no"));
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let mut errors = error("a.py 1");
        errors.stack_trace = format!("{}\nFile \"a.py\", line 99999999999999999999999, in x\n\n", "é".repeat(100_000));
        let now = Look { errors: vec![errors.clone(); 1_000], ..Look::default() };
        let found = findings(&ships(&["a.py"]), (&Look::default(), &now), &BTreeSet::new());
        assert_eq!((found.new.len(), found.new[0].line), (MOST_ERRORS, None));
        assert!(found.new[0].trace.chars().count() <= MOST_TRACE + 1 && found.new[0].trace.ends_with("in x"));
        errors.stack_trace.clear();
        assert_eq!(broken(&ships(&[]), &errors).message, "Airflow gives no reason");
    }

    #[test]
    fn every_text_can_be_changed() {
        let hush = || "hush".to_owned();
        let broken = || vec![Broken { file: hush(), line: None, message: hush(), trace: hush() }];
        let names = || vec![hush()];
        let findings = Findings {
            new: broken(),
            known: broken(),
            elsewhere: broken(),
            appeared: names(),
            disappeared: names(),
            paused: names(),
            unread: names(),
        };
        let mut verification = Verification { verdict: Verdict::Unverified(hush()), findings };
        verification.change_texts(&|text| text.replace("hush", "***"));
        assert!(!format!("{verification:?}").contains("hush"));
    }
}
