//! What a project would ship now: the entries of each artifact and their fingerprint.
//! It reads every file once; whether the result differs from what is deployed is not its business.

use std::num::NonZeroUsize;

use crate::changes::folder::{BundleRules, FolderRules};
use crate::changes::inputs::{DagDeploys, InputRules};
use crate::changes::liftoffignore::LiftoffIgnore;
use crate::changes::purpose::{self, ImageRecipe};
use crate::error::Result;
use crate::model::artifact::Content;
use crate::model::entry::{Entry, EntryKind};
use crate::model::fingerprint::Fingerprinter;
use crate::model::path::RelPath;
use crate::model::project::ProjectShape;
use crate::project::rules::repository_root;
use crate::project::walk::{Found, Reading, Root, Rules, walk};

/// What decides the content besides files and rules.
#[derive(Debug, Clone, Copy)]
pub struct ContentOptions<'a> {
    /// Build arguments.
    pub build_args: &'a [(String, String)],
    /// Target platform of the image.
    pub platform: &'a str,
    /// The folder that names inside the DAG bundle start with; the root when they have none.
    pub dags_prefix: &'a RelPath,
    /// Number of threads that read.
    pub threads: NonZeroUsize,
}

/// What an artifact would ship now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactContent {
    /// The entries, sorted by path. Those of the image are its inputs: inert files, which a
    /// builder gets as well, are not among them.
    pub entries: Vec<Entry>,
    /// Their fingerprint and sums.
    pub content: Content,
}

/// What an Astro project would ship now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The DAGs; `None` when they are part of the image.
    pub dags: Option<ArtifactContent>,
    /// The image's inputs.
    pub image: ArtifactContent,
}

/// Reads the content of an Astro project's artifacts in one walk.
///
/// # Errors
/// As `walk`.
pub fn contents(shape: &ProjectShape, rules: &InputRules, options: &ContentOptions<'_>) -> Result<Contents> {
    let repository = repository_root(shape);
    let nothing_ignored = LiftoffIgnore::default();
    let here = RelPath::root();
    let counted = Rules::Counted(FolderRules { ignore: &nothing_ignored, base: &here });
    let mut roots = vec![Root { place: shape.root.clone(), shown: here.clone(), rules: Rules::Image(rules.image()) }];
    let triggers = present_triggers(shape, rules);
    for trigger in &triggers {
        roots.push(Root { place: repository.join(trigger.to_path()), shown: (*trigger).clone(), rules: counted });
    }
    let dags_root = dags_root(shape, rules);
    let dags_at = roots.len();
    roots.extend(dags_root);

    let mut found = walk(&roots, Reading::Hash, options.threads)?;
    let dags = found.split_off(dags_at).pop().unwrap_or_default();
    let counted = found.split_off(1);
    let image = found.pop().unwrap_or_default();

    let recipe = ImageRecipe {
        dockerfile: &rules.dockerfile,
        build_args: options.build_args,
        platform: options.platform,
        dags: rules.dags,
    };
    let mut fingerprinter = recipe.fingerprinter();
    add_all(&mut fingerprinter, &image, &here);
    for (trigger, files) in triggers.into_iter().zip(&counted) {
        fingerprinter.value("trigger", trigger.as_bytes());
        add_all(&mut fingerprinter, files, trigger);
    }
    let in_image = |path: &RelPath| rules.dags == DagDeploys::InImage && path.is_within(&rules.dags_path);
    let image = summed(image, &fingerprinter, in_image);
    let dags = (rules.dags == DagDeploys::Separate).then(|| {
        let mut fingerprinter = Fingerprinter::new(&purpose::dags(options.dags_prefix));
        add_all(&mut fingerprinter, &dags, &here);
        summed(dags, &fingerprinter, |_| true)
    });
    Ok(Contents { dags, image })
}

/// Reads the content of a bundle.
///
/// # Errors
/// As `walk`.
pub fn bundle_content(shape: &ProjectShape, rules: &BundleRules, threads: NonZeroUsize) -> Result<ArtifactContent> {
    let root = Root { place: shape.root.clone(), shown: RelPath::root(), rules: Rules::Bundle(rules.files()) };
    let found = walk(&[root], Reading::Hash, threads)?.pop().unwrap_or_default();
    let mut fingerprinter = Fingerprinter::new(&purpose::bundle(&rules.mount));
    add_all(&mut fingerprinter, &found, &RelPath::root());
    Ok(summed(found, &fingerprinter, |_| false))
}

/// Lists the whole build context, inert files included, for builders that take it as an archive.
/// Nothing is read but the folders.
///
/// # Errors
/// As `walk`.
pub fn build_context(shape: &ProjectShape, rules: &InputRules, threads: NonZeroUsize) -> Result<Vec<Entry>> {
    let root = Root { place: shape.root.clone(), shown: RelPath::root(), rules: Rules::Image(rules.build_context()) };
    let found = walk(&[root], Reading::List, threads)?.pop().unwrap_or_default();
    Ok(found.into_iter().map(|found| found.entry).collect())
}

/// Adds entries, which are sorted, to a fingerprint by their paths below `prefix`.
fn add_all(fingerprinter: &mut Fingerprinter, found: &[Found], prefix: &RelPath) {
    for Found { entry, digest } in found {
        let path = prefix.join(&entry.path);
        match &entry.kind {
            EntryKind::File { executable, .. } => fingerprinter.file(&path, *executable, digest),
            EntryKind::Symlink { target } => fingerprinter.symlink(&path, target),
        }
    }
}

fn summed(found: Vec<Found>, fingerprinter: &Fingerprinter, may_be_dag: impl Fn(&RelPath) -> bool) -> ArtifactContent {
    let entries: Vec<Entry> = found.into_iter().map(|found| found.entry).collect();
    let bytes = entries.iter().map(|entry| match entry.kind {
        EntryKind::File { size, .. } => size,
        EntryKind::Symlink { .. } => 0,
    });
    let dag_files =
        entries.iter().filter(|entry| matches!(entry.path.extension(), Some(b"py" | b"zip")) && may_be_dag(&entry.path));
    let content = Content {
        fingerprint: fingerprinter.finish(),
        files: entries.len() as u64,
        bytes: bytes.sum(),
        dag_files: dag_files.count() as u64,
    };
    ArtifactContent { entries, content }
}

/// Returns the trigger paths that exist, in order and without doubles.
fn present_triggers<'a>(shape: &ProjectShape, rules: &'a InputRules) -> Vec<&'a RelPath> {
    let repository = repository_root(shape);
    let mut triggers: Vec<&RelPath> =
        rules.trigger_paths.iter().filter(|path| std::fs::symlink_metadata(repository.join(path.to_path())).is_ok()).collect();
    triggers.sort_unstable();
    triggers.dedup();
    triggers
}

/// Returns the DAGs folder to walk, unless it is missing, left out or part of the image.
fn dags_root<'a>(shape: &ProjectShape, rules: &'a InputRules) -> Option<Root<'a>> {
    let files = rules.dag_files();
    if rules.dags == DagDeploys::InImage || files.base_exclusion().is_some() {
        return None;
    }
    let place = match &rules.dags_source {
        Some(source) => repository_root(shape).join(source.to_path()),
        None => shape.root.join(rules.dags_path.to_path()),
    };
    place.is_dir().then(|| Root { place, shown: rules.dags_path.clone(), rules: Rules::Bundle(files) })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::*;
    use crate::changes::inert::Inert;
    use crate::model::artifact::Artifact;
    use crate::model::ids::MountPath;
    use crate::project::read::{self, ReadOptions, Wanted};
    use crate::project::rules::{self, RuleOptions};

    const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("not zero");

    /// A repository in a temporary folder, with an Astro project in `astro`.
    struct Bench {
        folder: tempfile::TempDir,
        project: &'static str,
        dags: DagDeploys,
        triggers: Vec<RelPath>,
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).expect("a path")
    }

    impl Bench {
        fn new() -> Self {
            let bench = Self {
                folder: tempfile::tempdir().expect("a folder"),
                project: "astro",
                dags: DagDeploys::Separate,
                triggers: Vec::new(),
            };
            for name in ["Dockerfile", "requirements.txt", "packages.txt", "dags/a.py", "dags/deep/er/b.sql", "include/c.sql"] {
                bench.write(&format!("astro/{name}"), name);
            }
            bench
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            let place = self.at(name);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folders");
            std::fs::write(place, text).expect("a file");
        }

        fn link(&self, name: &str, target: &str) {
            let place = self.at(name);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folders");
            std::os::unix::fs::symlink(target, place).expect("a link");
        }

        fn shape(&self) -> ProjectShape {
            let options = ReadOptions {
                wanted: Wanted::Astro,
                repository: Some(self.folder.path()),
                dags_path: &path("dags"),
                dockerfile: &path("Dockerfile"),
                build_args: &[],
            };
            read::read(&self.at(self.project), &options).expect("a project")
        }

        fn rules(&self) -> InputRules {
            let options = RuleOptions {
                dags: self.dags,
                dockerfile: path("Dockerfile"),
                inert: Inert::standard(),
                trigger_paths: self.triggers.clone(),
            };
            rules::input_rules(&self.shape(), options).expect("rules")
        }

        fn read_with(&self, threads: usize) -> Result<Contents> {
            let options = ContentOptions {
                build_args: &[],
                platform: "linux/amd64",
                dags_prefix: &path("dags"),
                threads: NonZeroUsize::new(threads).expect("threads"),
            };
            contents(&self.shape(), &self.rules(), &options)
        }

        fn read(&self) -> Contents {
            self.read_with(2).expect("contents")
        }

        fn prints(&self) -> (String, String) {
            let contents = self.read();
            let dags = contents.dags.map(|dags| dags.content.fingerprint.to_string());
            (dags.unwrap_or_default(), contents.image.content.fingerprint.to_string())
        }

        fn error(&self) -> String {
            self.read_with(2).expect_err("an error").to_string()
        }
    }

    fn names(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|entry| entry.path.to_string()).collect()
    }

    fn dags(contents: &Contents) -> &ArtifactContent {
        contents.dags.as_ref().expect("DAGs")
    }

    #[test]
    fn one_walk_gives_both_artifacts_in_order() {
        let bench = Bench::new();
        bench.write("astro/README.md", "inert");
        bench.write("astro/.git/config", "never");
        bench.write("astro/dags/__pycache__/a.pyc", "never");
        bench.write("astro/dags/z.zip", "");
        bench.write("astro/dags-old/x.py", "x");
        bench.write("other/x.py", "outside");
        let contents = bench.read();
        assert_eq!(names(&dags(&contents).entries), ["a.py", "deep/er/b.sql", "z.zip"]);
        assert_eq!(
            names(&contents.image.entries),
            ["Dockerfile", "dags-old/x.py", "include/c.sql", "packages.txt", "requirements.txt"]
        );
        let content = dags(&contents).content;
        assert_eq!((content.files, content.bytes, content.dag_files), (3, 9 + 18, 2));
        assert_eq!(contents.image.content.dag_files, 0);
        assert_eq!(dags(&contents).entries[0].source, bench.shape().root.join("dags/a.py"));
    }

    #[test]
    fn without_dag_deploys_everything_is_the_image() {
        let bench = Bench { dags: DagDeploys::InImage, ..Bench::new() };
        let contents = bench.read();
        assert_eq!(contents.dags, None);
        assert!(names(&contents.image.entries).contains(&"dags/a.py".to_owned()));
        assert_eq!(contents.image.content.dag_files, 1);
    }

    #[test]
    fn a_line_that_the_platforms_client_left_behind_does_not_empty_the_image() {
        let bench = Bench { dags: DagDeploys::InImage, ..Bench::new() };
        bench.write("astro/.dockerignore", "x\ndags/ \ninclude\n");
        let contents = bench.read();
        assert!(names(&contents.image.entries).contains(&"dags/a.py".to_owned()));
        assert_eq!(bench.rules().effective_docker_ignore().expect("valid").text(), b"x\n\ninclude\n");
        assert_eq!(bench.rules().owner(&path("include/c.sql")).why.to_string(), "excluded by .dockerignore line 3");
    }

    #[test]
    fn only_what_ships_changes_a_fingerprint() {
        let bench = Bench::new();
        let first = bench.prints();
        let inert =
            ["astro/README.md", "astro/.env", "astro/.git/HEAD", "astro/dags/__pycache__/x.pyc", "x/y.py", "astro/.github/a/b"];
        for name in inert {
            bench.write(name, "new");
            assert_eq!(bench.prints(), first, "{name}");
        }
        std::fs::create_dir_all(bench.at("astro/dags/empty/folder")).expect("folders");
        std::fs::create_dir_all(bench.at("astro/empty")).expect("folders");
        let old = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::options()
            .write(true)
            .open(bench.at("astro/dags/a.py"))
            .and_then(|file| file.set_modified(old))
            .expect("a time");
        assert_eq!(bench.prints(), first, "empty folders and times do not count");

        bench.write("astro/dags/a.py", "other bytes");
        let second = bench.prints();
        assert!(second.0 != first.0 && second.1 == first.1, "a DAG changes the DAGs alone");
        bench.write("astro/include/c.sql", "other bytes");
        let third = bench.prints();
        assert!(third.0 == second.0 && third.1 != second.1, "an included file changes the image alone");
    }

    #[test]
    fn the_owners_executable_bit_counts_and_other_bits_do_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let bench = Bench::new();
        let mode = |bits| {
            std::fs::set_permissions(bench.at("astro/dags/a.py"), std::fs::Permissions::from_mode(bits)).expect("a mode");
            bench.prints().0
        };
        assert_eq!(mode(0o644), mode(0o600));
        assert_eq!(mode(0o644), mode(0o655));
        assert_ne!(mode(0o644), mode(0o744));
        assert_eq!(mode(0o755), mode(0o700));
    }

    #[test]
    fn renames_even_of_case_alone_change_the_fingerprint() {
        let bench = Bench::new();
        let first = bench.prints();
        std::fs::rename(bench.at("astro/dags/a.py"), bench.at("astro/dags/A.py")).expect("a rename");
        assert_ne!(bench.prints().0, first.0);
        std::fs::rename(bench.at("astro/dags/A.py"), bench.at("astro/dags/deep/a.py")).expect("a rename");
        assert_ne!(bench.prints().0, first.0);
    }

    #[test]
    fn any_file_name_is_read() {
        use std::os::unix::ffi::OsStrExt as _;
        let bench = Bench::new();
        for name in [&b"a b.py"[..], b"line\nbreak.py", b"\xff\xfe.py", b"-rf", b"\xc3\xa9\xe2\x80\xae.py", b"a\\b", b"'\"$(x)"] {
            std::fs::write(bench.at("astro/dags").join(std::ffi::OsStr::from_bytes(name)), "x").expect("a file");
        }
        let contents = bench.read();
        let mut sorted = dags(&contents).entries.clone();
        sorted.sort_by(|one, two| one.path.as_bytes().cmp(two.path.as_bytes()));
        assert_eq!(sorted, dags(&contents).entries);
        assert_eq!(sorted.len(), 9);
        assert!(sorted.iter().any(|entry| entry.path.as_bytes() == b"\xff\xfe.py"));
    }

    #[test]
    fn every_spelling_of_the_project_folder_is_one() {
        let bench = Bench::new();
        let shape = bench.shape();
        for spelling in ["astro/", "./astro", "astro/.", "astro/../astro", "astro/dags/.."] {
            let options = ReadOptions {
                wanted: Wanted::Astro,
                repository: Some(bench.folder.path()),
                dags_path: &path("./dags/"),
                dockerfile: &path("./Dockerfile"),
                build_args: &[],
            };
            assert_eq!(read::read(&bench.at(spelling), &options).expect(spelling), shape, "{spelling}");
        }
    }

    #[test]
    fn ignored_files_are_neither_read_nor_needed_to_be_readable() {
        let bench = Bench::new();
        bench.write("astro/.dockerignore", "secret\n*.log\n!keep/**\n");
        bench.write("astro/.liftoffignore", "scratch/\n*.bak\n");
        bench.write("astro/x.log", "x");
        bench.write("astro/dags/x.log", "ships");
        bench.write("astro/dags/scratch/a.py", "x");
        bench.write("astro/dags/a.bak", "x");
        bench.link("astro/dags/out.bak", "/etc/passwd");
        bench.write("astro/b.bak", "in the image");
        let _socket = std::os::unix::net::UnixListener::bind(bench.at("astro/secret")).expect("a socket");
        let contents = bench.read();
        assert_eq!(names(&dags(&contents).entries), ["a.py", "deep/er/b.sql", "x.log"]);
        assert_eq!(
            names(&contents.image.entries),
            [".dockerignore", "Dockerfile", "b.bak", "include/c.sql", "packages.txt", "requirements.txt"]
        );
    }

    #[test]
    fn links_are_entries_of_their_own() {
        let bench = Bench::new();
        let before = bench.prints();
        bench.link("astro/dags/deep/link.py", "../a.py");
        bench.link("astro/dags/dangling", "nothing/here");
        bench.link("astro/dags/folder", "deep");
        bench.link("astro/include/out", "/etc/passwd");
        let contents = bench.read();
        assert_eq!(names(&dags(&contents).entries), ["a.py", "dangling", "deep/er/b.sql", "deep/link.py", "folder"]);
        assert_eq!(dags(&contents).entries[3].kind, EntryKind::Symlink { target: b"../a.py".to_vec() });
        let after = bench.prints();
        assert!(after.0 != before.0 && after.1 != before.1);
        bench.write("secret", "changes nothing");
        std::fs::remove_file(bench.at("astro/dags/dangling")).expect("removed");
        bench.link("astro/dags/dangling", "somewhere/else");
        assert_ne!(bench.prints().0, after.0, "the target counts");
    }

    #[test]
    fn links_out_of_the_dags_folder_are_refused() {
        for (name, target) in
            [("out", "../Dockerfile"), ("deep/out", "../../../x"), ("abs", "/etc/passwd"), ("near", "../dags2/x")]
        {
            let bench = Bench::new();
            bench.link(&format!("astro/dags/{name}"), target);
            let error = bench.error();
            assert!(error.contains(&format!("dags/{name}")) && error.contains("link"), "{error}");
        }
    }

    #[test]
    fn special_files_are_refused_by_name() {
        for place in ["astro/dags/pipe", "astro/include/pipe"] {
            let bench = Bench::new();
            let made = std::process::Command::new("mkfifo").arg(bench.at(place)).status().expect("mkfifo");
            assert!(made.success());
            let error = bench.error();
            assert!(error.contains("a named pipe") && error.contains(place.trim_start_matches("astro/")), "{error}");
        }
        let bench = Bench::new();
        let _socket = std::os::unix::net::UnixListener::bind(bench.at("astro/include/s")).expect("a socket");
        assert!(bench.error().contains("a socket"));
        let context = build_context(&bench.shape(), &bench.rules(), TWO).expect("docker passes sockets over");
        assert!(!names(&context).contains(&"include/s".to_owned()));
    }

    #[test]
    fn the_first_failure_by_path_is_told_whatever_the_threads() {
        for threads in 1..=4 {
            let bench = Bench::new();
            for name in ["z", "m", "b", "deep/er/a"] {
                bench.link(&format!("astro/dags/{name}"), "/out");
            }
            let error = bench.read_with(threads).expect_err("refused").to_string();
            assert!(error.contains("dags/b"), "{threads} threads: {error}");
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_content() {
        let bench = Bench::new();
        for index in 0..300 {
            bench.write(&format!("astro/dags/p{}/f{index}.py", index % 7), &"x".repeat(index * 97));
            bench.write(&format!("astro/plugins/f{index}.py"), &index.to_string());
        }
        bench.write("astro/dags/large.py", &"0123456789".repeat(40_000));
        let one = bench.read_with(1).expect("contents");
        for threads in [2, 3, 8] {
            assert_eq!(bench.read_with(threads).expect("contents"), one);
        }
        assert_eq!(dags(&one).entries.len(), 303);
    }

    #[test]
    fn a_linked_dags_folder_inside_the_repository_is_followed() {
        let bench = Bench::new();
        let plain = bench.prints().0;
        std::fs::rename(bench.at("astro/dags"), bench.at("shared")).expect("moved");
        bench.link("astro/dags", "../shared");
        assert!(matches!(bench.shape().kind, crate::model::project::ProjectKind::Astro(astro) if astro.has_dags_folder));
        assert_eq!(bench.rules().dags_source, Some(path("shared")));
        assert_eq!(bench.prints().0, plain);
        assert_eq!(bench.rules().classify(&path("shared/a.py")).artifacts, [Artifact::Dags]);

        let outside = tempfile::tempdir().expect("a folder");
        std::fs::remove_file(bench.at("astro/dags")).expect("removed");
        bench.link("astro/dags", outside.path().to_str().expect("UTF-8"));
        let options =
            RuleOptions { dags: bench.dags, dockerfile: path("Dockerfile"), inert: Inert::standard(), trigger_paths: Vec::new() };
        let error = rules::input_rules(&bench.shape(), options).expect_err("outside").to_string();
        assert!(error.contains("outside the repository"), "{error}");
    }

    #[test]
    fn trigger_paths_count_for_the_image_wherever_they_lie() {
        let mut bench = Bench::new();
        bench.write("libs/common/a.py", "1");
        bench.write("VERSION", "1");
        bench.write("astro/README.md", "1");
        let without = bench.prints();
        bench.triggers = vec![path("VERSION"), path("libs/common"), path("astro/README.md"), path("missing"), path("VERSION")];
        let mut last = bench.prints();
        assert_ne!(last.1, without.1);
        assert_eq!(last.0, without.0);
        for name in ["libs/common/a.py", "VERSION", "astro/README.md", "libs/common/new.py", "missing/file"] {
            bench.write(name, "2");
            let now = bench.prints();
            assert!(now.1 != last.1 && now.0 == last.0, "{name}");
            last = now;
        }
        bench.write("libs/common2/a.py", "2");
        bench.write("libs/common/__pycache__/a.pyc", "2");
        assert_eq!(bench.prints(), last);
        assert!(!names(&bench.read().image.entries).iter().any(|name| name.contains("common") || name.contains("README")));
    }

    #[test]
    fn a_missing_or_left_out_dags_folder_is_empty() {
        let bench = Bench::new();
        std::fs::remove_dir_all(bench.at("astro/dags")).expect("removed");
        assert_eq!(dags(&bench.read()).entries, []);
        let bench = Bench::new();
        bench.write("astro/.liftoffignore", "/dags/\n");
        assert_eq!(dags(&bench.read()).content.dag_files, 0);
    }

    #[test]
    fn the_whole_build_context_holds_inert_files_too() {
        let bench = Bench::new();
        bench.write("astro/.dockerignore", "include\n");
        bench.write("astro/README.md", "x");
        bench.write("astro/.git/HEAD", "x");
        let context = build_context(&bench.shape(), &bench.rules(), TWO).expect("a context");
        assert_eq!(
            names(&context),
            [".dockerignore", ".git/HEAD", "Dockerfile", "README.md", "packages.txt", "requirements.txt"]
        );
    }

    #[test]
    fn a_bundle_is_its_folder_with_a_fingerprint_of_its_own() {
        let bench = Bench::new();
        bench.write("dbt/shop/dbt_project.yml", "name: shop\n");
        bench.write("dbt/shop/target/x", "x");
        bench.write("dbt/shop/.liftoffignore", "/target\n");
        let options = ReadOptions {
            wanted: Wanted::Dbt,
            repository: Some(bench.folder.path()),
            dags_path: &path("dags"),
            dockerfile: &path("Dockerfile"),
            build_args: &[],
        };
        let shape = read::read(&bench.at("dbt/shop"), &options).expect("a dbt project");
        let print = |mount: &str| {
            let rules = rules::bundle_rules(&shape, MountPath::new(mount)).expect("rules");
            let found = bundle_content(&shape, &rules, TWO).expect("content");
            assert_eq!(names(&found.entries), [".liftoffignore", "dbt_project.yml"]);
            found.content.fingerprint
        };
        assert_ne!(print("/usr/local/airflow/dbt/shop"), print("/usr/local/airflow/dbt/other"));
        bench.link("dbt/shop/out", "../../astro");
        let rules = rules::bundle_rules(&shape, MountPath::new("/m")).expect("rules");
        assert!(bundle_content(&shape, &rules, TWO).is_err());
    }

    #[test]
    fn the_fingerprint_is_the_documented_one() {
        let bench = Bench::new();
        let mut expected = Fingerprinter::new(&purpose::dags(&path("dags")));
        expected.file(&path("a.py"), false, blake3::hash(b"dags/a.py").as_bytes());
        expected.file(&path("deep/er/b.sql"), false, blake3::hash(b"dags/deep/er/b.sql").as_bytes());
        assert_eq!(dags(&bench.read()).content.fingerprint, expected.finish());
    }

    /// Every file below a folder, by its path relative to it, found without any rule.
    fn every_file(folder: &Path, below: &RelPath, files: &mut Vec<RelPath>) {
        for item in std::fs::read_dir(folder).expect("a folder") {
            let item = item.expect("an item");
            let path = below.join(&RelPath::from_path(Path::new(&item.file_name())).expect("a name"));
            if item.file_type().expect("a type").is_dir() {
                every_file(&item.path(), &path, files);
            } else {
                files.push(path);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]
        #[test]
        fn walking_and_classifying_never_disagree(
            files in prop::collection::btree_set("(dags/)?(a|b|\\.git|__pycache__|README\\.md|\\.env|\\.github|docs)(/(a|b|x\\.py|__pycache__|keep)){0,3}", 1..25),
            docker in prop::collection::vec("!?(\\*\\*/)?(a|b|dags|docs|keep|\\*)(/(a|b|keep|\\*))?", 0..5),
            liftoff in prop::collection::vec("!?/?(a|b|keep|dags|\\*\\.py)/?", 0..4),
            separate in any::<bool>(),
        ) {
            let mut bench = Bench::new();
            bench.dags = if separate { DagDeploys::Separate } else { DagDeploys::InImage };
            bench.triggers = vec![path("astro/docs/a"), path("astro/dags/a")];
            for file in &files {
                let place = bench.at("astro").join(file);
                // A random name may be a folder already, or lie below a file: then it is left out.
                if std::fs::create_dir_all(place.parent().expect("a parent")).is_ok() {
                    let _ = std::fs::write(place, "x");
                }
            }
            bench.write("astro/.dockerignore", &docker.join("\n"));
            bench.write("astro/.liftoffignore", &liftoff.join("\n"));
            let rules = bench.rules();
            let contents = bench.read();
            let dag_names: Vec<RelPath> =
                contents.dags.iter().flat_map(|dags| &dags.entries).map(|entry| path("dags").join(&entry.path)).collect();
            let image_names: Vec<&RelPath> = contents.image.entries.iter().map(|entry| &entry.path).collect();
            let mut all = Vec::new();
            every_file(&bench.at("astro"), &RelPath::root(), &mut all);
            for file in all {
                let owner = rules.owner(&file);
                let repo = path("astro").join(&file);
                let triggered = rules.trigger_paths.iter().any(|trigger| repo.is_within(trigger))
                    && !file.components().any(|part| part == b".git")
                    && !file.parent().is_some_and(|parent| parent.components().any(|part| part == b"__pycache__"));
                prop_assert_eq!(owner.artifacts.contains(&Artifact::Dags), dag_names.contains(&file), "DAGs: {}", &file);
                // Something above a trigger path counts when it changes, since it may hold it.
                let triggered = triggered || rules.trigger_paths.iter().any(|trigger| trigger.is_within(&repo));
                let in_image = image_names.contains(&&file) || triggered;
                prop_assert_eq!(owner.artifacts.contains(&Artifact::Image), in_image, "image: {}", &file);
            }
        }
    }
}
