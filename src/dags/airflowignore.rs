//! `.airflowignore`: files that Airflow does not read DAGs from, although they ship.
//! <https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html#airflowignore>;
//! Airflow 2 reads its lines as regular expressions, Airflow 3 like those of `.gitignore`.
//!
//! It judges paths; it does not know whether they exist.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex::{Regex, RegexBuilder};

use crate::model::path::RelPath;

/// Name of the file, in the DAGs folder or any folder below.
pub const FILE_NAME: &str = ".airflowignore";

/// The most patterns that are read of all files together.
const MOST_PATTERNS: usize = 2_000;
/// The largest compiled pattern in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// How lines are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Regular expressions that match anywhere in the path from the DAGs folder.
    Regexp,
    /// Patterns of `.gitignore`.
    Glob,
}

impl Syntax {
    /// Returns what a major version of Airflow takes for granted. A setting can change it on a
    /// Deployment, `AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX`, which nobody can see from here.
    #[must_use]
    pub const fn of_airflow(major: u64) -> Self {
        if major < 3 { Self::Regexp } else { Self::Glob }
    }
}

/// The rules of all `.airflowignore` files of a DAGs folder.
#[derive(Debug, Default)]
pub struct AirflowIgnore {
    /// By folder, from the top down.
    files: Vec<Rules>,
    /// Lines that could not be read, each with its file and 1-based number. Airflow passes over
    /// lines that it cannot read, too.
    pub unread: Vec<(RelPath, usize)>,
}

#[derive(Debug)]
struct Rules {
    folder: RelPath,
    patterns: Patterns,
}

#[derive(Debug)]
enum Patterns {
    Regexp(Vec<(Regex, usize)>),
    Glob(Gitignore),
}

impl AirflowIgnore {
    /// Reads the files, each with its folder below the DAGs folder.
    #[must_use]
    pub fn read(files: &[(RelPath, Vec<u8>)], syntax: Syntax) -> Self {
        let mut all = Self::default();
        let mut count = 0;
        for (folder, bytes) in files {
            let text = String::from_utf8_lossy(bytes);
            // Airflow cuts comments off wherever they begin, and skips lines that are then empty.
            let lines = text.lines().enumerate().map(|(index, line)| (index + 1, without_comment(line)));
            let lines: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.is_empty()).collect();
            let room = MOST_PATTERNS.saturating_sub(count);
            count += lines.len();
            let file = folder.join(&RelPath::parse(FILE_NAME.as_bytes()).unwrap_or_default());
            let (read, left_out) = lines.split_at(lines.len().min(room));
            all.unread.extend(left_out.iter().map(|(number, _)| (file.clone(), *number)));
            let patterns = match syntax {
                Syntax::Regexp => Patterns::Regexp(regexps(read, |number| all.unread.push((file.clone(), number)))),
                Syntax::Glob => Patterns::Glob(globs(read, |number| all.unread.push((file.clone(), number)))),
            };
            all.files.push(Rules { folder: folder.clone(), patterns });
        }
        all.files.sort_by(|one, two| one.folder.cmp(&two.folder));
        all
    }

    /// Returns the file and line that make Airflow skip a file, given below the DAGs folder. A
    /// folder that is skipped takes everything below it with it.
    #[must_use]
    pub fn ignoring(&self, path: &RelPath) -> Option<(RelPath, usize)> {
        path.ancestry().find_map(|part| {
            let is_folder = part != *path;
            let parent = part.parent().unwrap_or_default();
            let mut ignoring = None;
            for rules in self.files.iter().filter(|rules| parent.is_within(&rules.folder)) {
                match &rules.patterns {
                    Patterns::Regexp(patterns) => {
                        let text = String::from_utf8_lossy(part.as_bytes());
                        let found = patterns.iter().find(|(pattern, _)| pattern.is_match(&text));
                        ignoring = ignoring.or_else(|| found.map(|(_, line)| (rules.folder.clone(), *line)));
                    }
                    Patterns::Glob(patterns) => {
                        let below = part.strip_prefix(&rules.folder).unwrap_or_default();
                        let found = patterns.matched(below.to_path(), is_folder);
                        if found.is_whitelist() {
                            ignoring = None;
                        } else if let ignore::Match::Ignore(glob) = found {
                            let line = glob.from().and_then(|line| line.to_str()?.parse().ok()).unwrap_or_default();
                            ignoring = Some((rules.folder.clone(), line));
                        }
                    }
                }
            }
            ignoring
        })
    }
}

fn without_comment(line: &str) -> &str {
    line.split_once('#').map_or(line, |(before, _)| before.trim_end())
}

fn regexps(lines: &[(usize, &str)], mut unread: impl FnMut(usize)) -> Vec<(Regex, usize)> {
    let mut patterns = Vec::new();
    for (number, line) in lines {
        match RegexBuilder::new(line).size_limit(LARGEST_PATTERN).build() {
            Ok(pattern) => patterns.push((pattern, *number)),
            Err(_) => unread(*number),
        }
    }
    patterns
}

fn globs(lines: &[(usize, &str)], mut unread: impl FnMut(usize)) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for (number, line) in lines {
        // A pattern remembers the file it came from; the line number serves better here.
        if builder.add_line(Some(number.to_string().into()), line).is_err() {
            unread(*number);
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    fn read(syntax: Syntax, files: &[(&str, &str)]) -> AirflowIgnore {
        let files: Vec<(RelPath, Vec<u8>)> =
            files.iter().map(|(folder, text)| (path(folder), text.as_bytes().to_vec())).collect();
        AirflowIgnore::read(&files, syntax)
    }

    fn check(ignore: &AirflowIgnore, cases: &[(&str, Option<(&str, usize)>)]) {
        for (file, expected) in cases {
            let expected = expected.map(|(folder, line)| (path(folder), line));
            assert_eq!(ignore.ignoring(&path(file)), expected, "{file}");
        }
    }

    #[test]
    fn airflow_2_searches_regular_expressions_in_the_path() {
        let files =
            [("", "# words\nproject_a\n\ntenant_[\\d]  # more\r\n(?=x)\nteam/sub\n"), ("team", "^team/only\\.py$\nonly2")];
        let ignore = read(Syntax::Regexp, &files);
        check(
            &ignore,
            &[
                ("project_a_dag.py", Some(("", 2))),
                ("deep/TESTING_project_a.py", Some(("", 2))),
                ("project_a/x.py", Some(("", 2))),
                ("tenant_1.py", Some(("", 4))),
                ("tenant_x.py", None),
                ("team/sub/x.py", Some(("", 6))),
                ("other/team/sub.py", Some(("", 6))),
                ("team/only.py", Some(("team", 1))),
                ("only2.py", None),
                ("team/only2.py", Some(("team", 2))),
                ("sales.py", None),
            ],
        );
        assert_eq!(ignore.unread, [(path(".airflowignore"), 5)], "Python's engine there knows no look-around either");
    }

    #[test]
    fn airflow_3_reads_lines_like_gitignore() {
        let files = [("", "*_draft.py\n/top.py\nold/\n!keep_draft.py\n"), ("team", "!team_draft.py\nx/*.py # why\n")];
        let ignore = read(Syntax::Glob, &files);
        check(
            &ignore,
            &[
                ("a_draft.py", Some(("", 1))),
                ("deep/a_draft.py", Some(("", 1))),
                ("keep_draft.py", None),
                ("top.py", Some(("", 2))),
                ("deep/top.py", None),
                ("old/x.py", Some(("", 3))),
                ("old/keep_draft.py", Some(("", 3))),
                ("team/team_draft.py", None),
                ("team_draft.py", Some(("", 1))),
                ("team/x/a.py", Some(("team", 2))),
                ("x/a.py", None),
            ],
        );
        check(&read(Syntax::Regexp, &[("", "*_draft.py\n")]), &[("a_draft.py", None)]);
        check(&read(Syntax::Glob, &[("", "old.*\n")]), &[("x/older.py", None), ("x/old.py", Some(("", 1)))]);
    }

    #[test]
    fn no_number_of_lines_takes_for_ever() {
        let ignore = read(Syntax::Regexp, &[("", &"a+\n".repeat(MOST_PATTERNS + 5))]);
        assert_eq!(ignore.unread.len(), 5);
        let ignore = read(Syntax::Regexp, &[("", "((a{1,900}){1,900}){1,900}\n")]);
        assert_eq!(ignore.unread.len(), 1);
    }
}
