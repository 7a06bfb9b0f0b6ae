//! `.astro/dag_integrity_exceptions.txt`: DAG files whose import errors a parse lets pass, one a line, relative to the project.
//! The Astro CLI makes the file (`reference/astro-platform.md` 3.9).

use std::collections::BTreeSet;

use crate::model::path::RelPath;

/// The file, relative to the project.
pub const FILE: &str = ".astro/dag_integrity_exceptions.txt";
/// The most lines that count.
const MOST: usize = 10_000;

/// Returns the files that a text names. What follows `#` is a remark.
#[must_use]
pub fn exceptions(text: &str) -> BTreeSet<RelPath> {
    let path = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        (!line.is_empty()).then(|| RelPath::parse(line.as_bytes())).flatten()
    };
    text.lines().take(MOST).filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_files_and_remarks_do_not() {
        let found = exceptions("# Add dag files here. ex: dags/<test-file>\n\n dags/old.py \r\n./dags/a b.py # broken\n../x\n");
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["dags/a b.py", "dags/old.py"]);
    }
}
