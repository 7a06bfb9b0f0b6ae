//! `liftoff check` with the real uv, real Airflows and the real pytest. `tests/real/run` installs uv; the Airflows are what is
//! tested, so that each test that needs one has it installed, from the registry or uv's own cache.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A project, and the folders that a run needs.
struct Bench {
    folder: TempDir,
    cache: PathBuf,
}

/// How a run ended.
struct Ran {
    code: i32,
    data: String,
    talk: String,
}

#[expect(clippy::disallowed_methods, reason = "`tests/real/run` hands the addresses over in the environment")]
fn variable(name: &str) -> String {
    std::env::vars().find(|(other, _)| other == name).map(|(_, value)| value).unwrap_or_else(|| panic!("{name} is not set"))
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self::of(|_| {});
        bench.write("Dockerfile", "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n");
        bench.write("requirements.txt", "");
        bench.write("packages.txt", "");
        files.iter().for_each(|(path, text)| bench.write(path, text));
        bench
    }

    /// A copy of the example, and a cache that every test shares, so that each Airflow is installed once.
    fn of(fill: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["project", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fill(&folder.path().join("project"));
        let cache = PathBuf::from(variable("REAL_AIRFLOW")).join("check-cache");
        Self { folder, cache }
    }

    fn example() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/astro-project");
        Self::of(|project| {
            let copied = Command::new("cp").arg("-r").arg(example.join(".")).arg(project).status().expect("cp");
            assert!(copied.success());
        })
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.project().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("a file");
    }

    #[expect(clippy::disallowed_methods, reason = "`tests/real/run` hands what uv needs on as it is")]
    fn run(&self, arguments: &[&str]) -> Ran {
        let airflow = variable("REAL_AIRFLOW");
        let output: Output = Command::new(env!("CARGO_BIN_EXE_liftoff"))
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("PATH", format!("{airflow}/uv/bin:/usr/local/bin:/usr/bin:/bin"))
            .env("HOME", format!("{airflow}/check-home"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("LIFTOFF_CHECK_CACHE", &self.cache)
            .env("ASTRO_API_TOKEN_FILE", "/nowhere")
            .envs(std::env::vars().filter(|(name, _)| name.starts_with("UV_") || name.starts_with("SSL_CERT")))
            .output()
            .expect("the program");
        let left = std::fs::read_dir(self.folder.path().join("tmp")).expect("a folder").count();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Ran { code: output.status.code().unwrap_or(-1), data: text(&output.stdout), talk: text(&output.stderr) };
        assert_eq!(left, 0, "temporary files were left behind: {}", ran.talk);
        ran
    }

    /// Returns every file of the project with its content.
    fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    walk(&entry.path(), found);
                } else {
                    found.insert(entry.path(), std::fs::read(entry.path()).expect("a file"));
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.project(), &mut found);
        found
    }
}

#[test]
fn the_example_passes_all_depths_and_the_second_time_nothing_is_installed() {
    let mut bench = Bench::example();
    bench.cache = bench.folder.path().join("cache");
    let before = bench.content();
    let arguments = ["check", "--parse", "--pytest", "--junit-file", "../results.xml"];
    let first = bench.run(&arguments);
    assert_eq!(first.code, 0, "{}{}", first.data, first.talk);
    assert!(first.talk.contains("install Airflow 3.1"), "{}", first.talk);
    assert!(first.talk.contains("notice: packages.txt is not installed"), "{}", first.talk);
    assert!(first.data.contains("parse  2 files, 3 DAGs with Airflow 3.1."), "{}", first.data);
    assert!(first.data.contains("pytest 1 test with Airflow 3.1."), "{}", first.data);
    let xml = std::fs::read_to_string(bench.folder.path().join("results.xml")).expect("results");
    for suite in ["name=\"static\" tests=\"2\"", "name=\"parse\" tests=\"2\"", "name=\"pytest\" tests=\"1\" failures=\"0\""] {
        assert!(xml.contains(suite), "{suite}: {xml}");
    }
    let second = bench.run(&arguments);
    assert_eq!(second.code, 0, "{}", second.talk);
    assert!(second.talk.contains("is there") && !second.talk.contains("install Airflow"), "{}", second.talk);
    assert_eq!(bench.content(), before, "the project is as it was");

    // Whatever ended an installation half way, what is there does not count.
    let environments = bench.cache.join("environments");
    let only = std::fs::read_dir(&environments).expect("a folder").flatten().next().expect("an environment").path();
    std::fs::remove_file(only.join("liftoff-complete")).expect("a mark");
    std::fs::remove_dir_all(only.join("lib")).expect("a folder");
    let third = bench.run(&["check", "--parse"]);
    assert!(third.code == 0 && third.talk.contains("install Airflow"), "{}", third.talk);
}

#[test]
fn each_airflow_has_its_own_word_on_what_a_dag_may_import() {
    let bench = Bench::example();
    // The example is written for Airflow 3.
    let ran = bench.run(&["check", "--parse", "--airflow-version", "2.11.0"]);
    assert_eq!(ran.code, 7, "{}{}", ran.data, ran.talk);
    assert!(ran.talk.contains("error: dags/orders.py line "), "{}", ran.talk);
    assert!(ran.talk.contains("No module named 'airflow.sdk'"), "{}", ran.talk);
    assert!(ran.data.contains("with Airflow 2.11.0 on Python 3."), "{}", ran.data);

    let old = "from airflow import DAG\nfrom airflow.models import Variable\nfrom airflow.hooks.base import BaseHook\n\
               from airflow.operators.empty import EmptyOperator\nimport os\n\
               name = Variable.get('name') + os.getenv('STAGE').lower() + BaseHook.get_connection('db').conn_id\n\
               with DAG('old', schedule=None):\n    EmptyOperator(task_id=Variable.get('config', deserialize_json=True)['id'])\n";
    let bench = Bench::new(&[("Dockerfile", "FROM quay.io/astronomer/astro-runtime:13.0.0\n"), ("dags/old.py", old)]);
    let ran = bench.run(&["check", "--parse"]);
    assert_eq!(ran.code, 0, "{}{}", ran.data, ran.talk);
    assert!(ran.data.contains("parse  1 file, 1 DAG with Airflow 2.11."), "{}", ran.data);
}

const HEAD: &str = "from airflow.sdk import DAG\n";

#[test]
fn whatever_a_dag_does_it_fails_alone_and_leaves_no_process() {
    let stubborn = "import subprocess, time\nsubprocess.Popen(['sleep', '98765'])\n\
                    while True:\n    try:\n        time.sleep(100)\n    except BaseException:\n        pass\n";
    let bench = Bench::new(&[
        ("dags/a_good.py", &format!("{HEAD}with DAG('good'): ...\n")),
        ("dags/b_hangs.py", &format!("{HEAD}{stubborn}")),
        ("dags/c_ends.py", &format!("{HEAD}import os\nos._exit(3)\n")),
        ("dags/d_lacks.py", &format!("{HEAD}\nimport no_such_package\n")),
        ("dags/e_late.py", &format!("{HEAD}import time\ntime.sleep(60)\n")),
        ("dags/f_excepted.py", &format!("{HEAD}import no_such_package_either\n")),
        ("dags/g_twice.py", &format!("{HEAD}NAME = str('good')\nwith DAG(NAME): ...\n")),
        ("dags/h_inner.py", &format!("{HEAD}from include.inner import x\n")),
        ("dags/i_last.py", &format!("{HEAD}print('no line end', end='')\nwith DAG('last'): ...\n")),
        ("include/inner.py", "\n\nx = 1 / 0\n"),
        (".astro/dag_integrity_exceptions.txt", "# Known\ndags/f_excepted.py\n"),
    ]);
    let before = bench.content();
    let ran = bench.run(&["check", "--parse", "--parse-timeout", "3s", "--junit-file", "../results.xml"]);
    assert_eq!(ran.code, 7, "{}{}", ran.data, ran.talk);
    for line in [
        "error: dags/b_hangs.py: importing it took longer than 3 s, and nothing but the end of Python stopped it",
        "error: dags/c_ends.py: importing it ended Python (exit code 3)",
        "error: dags/d_lacks.py line 3: ModuleNotFoundError: No module named 'no_such_package'",
        "error: dags/e_late.py line 3: importing it took longer than 3 s",
        "error: dags/g_twice.py: the DAG id good is taken: dags/a_good.py has it, too",
        "error: include/inner.py line 3: ZeroDivisionError: division by zero (imported by dags/h_inner.py)",
    ] {
        assert!(ran.talk.contains(line), "{line}: {}", ran.talk);
    }
    assert!(!ran.talk.contains("no_such_package_either"), "{}", ran.talk);
    assert!(
        ran.data.contains("parse  8 files, 2 DAGs with Airflow 3.1.") && ran.data.contains(": 6 failed, 1 skipped"),
        "{}",
        ran.data
    );
    let processes = Command::new("ps").args(["-eo", "args"]).output().expect("ps");
    assert!(!String::from_utf8_lossy(&processes.stdout).contains("sleep 98765"), "what the DAG started is gone");
    assert_eq!(bench.content(), before, "the project is as it was");
}

#[test]
fn requirements_that_do_not_exist_fail_the_check_and_no_half_made_environment_stays() {
    let mut bench = Bench::new(&[("requirements.txt", "six==999.0\n"), ("dags/a.py", HEAD)]);
    bench.cache = bench.folder.path().join("cache");
    let ran = bench.run(&["check", "--parse"]);
    assert_eq!(ran.code, 7, "{}{}", ran.data, ran.talk);
    assert!(ran.talk.contains("could not install the project's requirements"), "{}", ran.talk);
    assert!(ran.talk.contains("six==999.0") && ran.talk.contains("\n  --> requirements.txt\n"), "{}", ran.talk);
    assert_eq!(std::fs::read_dir(bench.cache.join("environments")).expect("a folder").count(), 0);
}

#[test]
fn a_failing_test_is_told_at_its_line_and_no_test_at_all_is_a_failure() {
    let test = "import pytest\nfrom include.sums import add\n\n\ndef test_good():\n    assert add(1, 1) == 2\n\n\n\
                def test_bad():\n    total = add(1, 1)\n    assert total == 3, 'bad sum'\n\n\n@pytest.mark.skip(reason='not today')\ndef test_out(): ...\n";
    let bench = Bench::new(&[
        ("dags/a.py", HEAD),
        ("include/sums.py", "def add(a, b):\n    return a + b\n"),
        ("tests/dags/test_sums.py", test),
    ]);
    let ran = bench.run(&["check", "--pytest", "--junit-file", "../results.xml"]);
    assert_eq!(ran.code, 7, "{}{}", ran.data, ran.talk);
    assert!(ran.talk.contains("error: tests/dags/test_sums.py line 11: test_bad: AssertionError: bad sum"), "{}", ran.talk);
    assert!(ran.data.contains("pytest 2 tests") && ran.data.contains(": 1 failed, 1 skipped"), "{}", ran.data);
    let xml = std::fs::read_to_string(bench.folder.path().join("results.xml")).expect("results");
    assert!(xml.contains("name=\"pytest\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{xml}");

    bench.write("tests/empty/nothing.txt", "");
    let ran = bench.run(&["check", "--pytest", "--pytest-file", "empty"]);
    assert!(ran.code == 7 && ran.talk.contains("error: tests/empty: there are no tests"), "{}", ran.talk);
    assert_eq!(bench.run(&["check", "--pytest", "--pytest-file", "gone.py"]).code, 2);
    bench.write("tests/test_slow.py", "import time\ndef test_slow(): time.sleep(60)\n");
    let ran = bench.run(&["check", "--pytest", "--pytest-file", "test_slow.py", "--pytest-timeout", "2s"]);
    assert!(ran.code == 7 && ran.talk.contains("the tests took longer than 2 s"), "{}", ran.talk);
}

#[test]
fn a_deploy_of_dags_alone_is_checked_without_an_image() {
    let bench = Bench::new(&[("dags/a.py", &format!("{HEAD}with DAG('a'): ...\n"))]);
    let arguments = ["deploy", "--sandbox", "--deploy-type", "dags-only", "--parse", "--container-engine", "/nowhere"];
    let ran = bench.run(&arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.data, ran.talk);
    assert!(ran.talk.contains("parse  1 file, 1 DAG with Airflow 3.1."), "{}", ran.talk);
    bench.write("dags/b.py", &format!("{HEAD}import no_such_package\n"));
    let ran = bench.run(&arguments);
    assert_eq!(ran.code, 7, "{}{}", ran.data, ran.talk);
    assert!(ran.talk.contains("nothing was deployed") && ran.talk.contains("`force` deploys without"), "{}", ran.talk);
    assert!(!ran.talk.contains("created deploy"), "{}", ran.talk);
}
