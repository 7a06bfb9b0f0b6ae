//! Reads one Python file: what is wrong with it, and its DAGs.
//! It knows neither where the bytes come from nor whether the file counts.

use crate::dags::definitions::definitions;
use crate::dags::found::{Definitions, Found};
use crate::dags::imports::imports;
use crate::dags::source::Source;
use crate::model::dag::{DagFile, Problem};
use crate::model::path::RelPath;
use crate::model::runtime::Python;

/// What to read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Only what is wrong with it.
    Problems,
    /// Its DAGs as well.
    Dags,
}

/// Reads a file. Call it on a thread that has `source::STACK` bytes of stack.
#[must_use]
pub fn read(path: &RelPath, bytes: &[u8], python: Option<Python>, wanted: Wanted) -> DagFile {
    let file = |problems: Vec<Problem>| DagFile { whole: problems.is_empty(), problems, ..DagFile::unread(path.clone()) };
    let source = match Source::parse(path, bytes, python) {
        Ok(source) => source,
        Err(problem) => return file(vec![problem]),
    };
    if wanted == Wanted::Problems {
        return file(source.problems);
    }
    let Definitions { found, complete } = definitions(&source);
    let imports = imports(&source);
    let file = file(source.problems);
    DagFile {
        whole: file.whole && complete,
        shared: shared(&source.text, &found),
        dynamic: found.iter().filter(|found| found.dag.is_none()).map(|found| found.line).collect(),
        conditional: found.iter().filter(|found| is_indented(&source.text, found)).map(|found| found.line).collect(),
        imports,
        dags: found.into_iter().filter_map(Found::finished).collect(),
        ..file
    }
}

/// Returns whether a definition does not begin at the start of its line.
fn is_indented(text: &str, found: &Found) -> bool {
    let before = text.get(..found.range.start().to_usize()).unwrap_or_default();
    !before.is_empty() && !before.ends_with(['\n', '\r', '\u{feff}'])
}

/// Hashes the lines outside the definitions. Empty ones do not count, so that a definition can
/// come or go without a trace.
fn shared(text: &str, found: &[Found]) -> [u8; 32] {
    let mut ranges: Vec<(usize, usize)> =
        found.iter().map(|found| (found.range.start().to_usize(), found.range.end().to_usize())).collect();
    ranges.sort_unstable();
    ranges.push((text.len(), text.len()));
    let mut hasher = blake3::Hasher::new();
    let mut at = 0;
    for (start, end) in ranges {
        let between = text.get(at..start).unwrap_or_default();
        for line in between.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            hasher.update(line.as_bytes());
            hasher.update(b"\n");
        }
        at = at.max(end);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dags::source::STACK;
    use crate::model::dag::{Dag, Severity, Value};

    fn path() -> RelPath {
        RelPath::parse(b"dags/a.py").expect("a path")
    }

    fn dags(text: &str) -> DagFile {
        let file = read(&path(), text.as_bytes(), None, Wanted::Dags);
        assert_eq!(file.problems, [], "{text}");
        file
    }

    /// Returns the ids and, as `?line`, the dynamic DAGs of a source.
    fn ids(text: &str) -> Vec<String> {
        let file = dags(text);
        let known = file.dags.into_iter().map(|dag| dag.id);
        known.chain(file.dynamic.into_iter().map(|line| format!("?{line}"))).collect()
    }

    fn only(text: &str) -> Dag {
        let file = dags(text);
        assert_eq!((file.dags.len(), file.dynamic.len()), (1, 0), "{text}\n{file:?}");
        file.dags.into_iter().next().expect("a DAG")
    }

    #[test]
    fn dags_are_found_however_they_are_written_and_imported() {
        let cases: &[(&str, &[&str])] = &[
            ("from airflow import DAG\nwith DAG('a'):\n  pass", &["a"]),
            ("from airflow.models import DAG\nx = DAG(dag_id='a')", &["a"]),
            ("from airflow.models.dag import DAG\nx: DAG = DAG('a')", &["a"]),
            ("from airflow.sdk import DAG as D\nD('a')", &["a"]),
            ("import airflow\nairflow.DAG('a')", &["a"]),
            ("import airflow.models\nairflow.models.DAG('a')", &["a"]),
            ("import airflow.sdk as s\nwith s.DAG('a') as d: ...", &["a"]),
            ("from airflow import models\nmodels.DAG('a')", &["a"]),
            ("from airflow.sdk import *\nDAG('a')", &["a"]),
            ("from cosmos import DbtDag\nx = DbtDag(dag_id='a')", &["a"]),
            ("try:\n  from airflow.sdk import DAG\nexcept ImportError:\n  from airflow import DAG\nDAG('a')", &["a"]),
            ("from airflow import DAG\nwith open('x') as f, DAG('a'): ...", &["a"]),
            ("from airflow import DAG\nif True:\n  with DAG('a'): ...", &["a"]),
            ("from airflow import DAG\nID = 'a'\nDAG(ID)", &["a"]),
            ("from airflow import DAG\nID = 'a' 'b'\nOTHER = ID\nDAG(OTHER)", &["ab"]),
            ("from airflow import DAG\nC = {'dag_id': 'a'}\nDAG(**C)", &["a"]),
            ("from airflow.decorators import dag\n@dag\ndef a(): ...\na()", &["a"]),
            ("from airflow.sdk import dag as d\n@d(schedule=None)\ndef a(): ...\nx = a()", &["a"]),
            ("from airflow.decorators import dag\n@dag(dag_id='b')\ndef a(): ...\na()", &["b"]),
            ("from airflow.decorators import dag\n@dag('b')\n@other\ndef a(): ...\na()", &["b"]),
            ("from airflow import decorators\n@decorators.dag()\ndef a(): ...\na()", &["a"]),
            ("from airflow.sdk import dag\n@dag\ndef a(): ...", &[]),
            ("from airflow.sdk import dag\n@dag\ndef a(): ...\nregister(a)", &["?2"]),
            ("from airflow import DAG\nfor i in x:\n  with DAG(f'a{i}'): ...", &["?3"]),
            ("from airflow import DAG\nfor i in x:\n  DAG('a')", &["?3"]),
            ("from airflow import DAG\ndags = [DAG('a') for i in x]", &["?2"]),
            ("from airflow import DAG\ndef make(name):\n  return DAG(name)\nmake('a')", &["?3"]),
            ("from airflow import DAG\ndef make():\n  with DAG('a') as d: ...\n  return d", &["?3"]),
            ("from airflow import DAG\nclass A:\n  d = DAG('a')", &["?3"]),
            ("from airflow import DAG\nmake = lambda: DAG('a')", &["?2"]),
            ("from airflow.sdk import dag\ndef make(name):\n  @dag(dag_id=name)\n  def a(): ...\n  return a()", &["?3"]),
            ("from airflow import DAG\nDAG(*x)\nDAG(**y)\nDAG(get())\nDAG('a' + b)\nDAG()", &["?2", "?3", "?4", "?5", "?6"]),
            ("from airflow import DAG\nID = 'a'\nID = 'b'\nDAG(ID)", &["?4"]),
            ("from airflow import DAG\nID = 'a'\nif x: ID = 'b'\nDAG(ID)", &["?4"]),
            ("from airflow import DAG\nID = 'a'\ndef f():\n  global ID\n  ID = 'b'\nDAG(ID)", &["?6"]),
            ("from airflow import DAG\nID = 'a'\nID += 'b'\nDAG(ID)", &["?4"]),
            ("from airflow import DAG\nC = {'dag_id': 'a'}\nC['dag_id'] = 'b'\nDAG(**C)", &["?4"]),
            ("from airflow import DAG\nC = {'dag_id': 'a'}\nC.update(x)\nDAG(**C)", &["?4"]),
            ("from airflow import DAG\nC = {'dag_id': 'a', **x}\nDAG(**C)", &["?3"]),
            ("from airflow import DAG\nA = B\nB = A\nDAG(A)", &["?4"]),
            ("from networkx import DAG\nDAG('a')\nx.DAG('b')\nmodels.DAG('c')", &[]),
            ("# from airflow import DAG\n'''DAG('a')'''\n", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(ids(text), *expected, "{text}");
        }
    }

    #[test]
    fn values_are_read_when_they_are_written_down() {
        let cases: &[(&str, &str, &str)] = &[
            ("schedule='@daily'", "schedule", "@daily"),
            ("schedule_interval='0 1 * * *'", "schedule", "0 1 * * *"),
            ("schedule=None", "schedule", "None"),
            ("schedule=EVERY", "schedule", "@hourly"),
            ("schedule=timedelta(hours=-1)", "schedule", "timedelta(hours=-1)"),
            ("schedule=dt.timedelta(1.5)", "schedule", "timedelta(1.5)"),
            (
                "timetable=CronTriggerTimetable('0 1 * * *', timezone='UTC')",
                "schedule",
                "CronTriggerTimetable(\"0 1 * * *\", timezone=\"UTC\")",
            ),
            ("schedule=[Asset('a'), Asset('b')]", "schedule", "[Asset(\"a\"), Asset(\"b\")]"),
            ("schedule=(Asset('a') | Asset('b'))", "schedule", "Asset(\"a\") | Asset(\"b\")"),
            ("schedule=os.environ['X']", "schedule", "dynamic"),
            ("schedule=get_schedule()", "schedule", "dynamic"),
            ("schedule=f'{x}'", "schedule", "dynamic"),
            ("schedule='a' if x else 'b'", "schedule", "dynamic"),
            ("**more", "schedule", "dynamic"),
            ("**COMMON", "schedule", "@weekly"),
            ("'description', '@daily'", "schedule", "dynamic"),
            ("", "schedule", "not set"),
            ("start_date=datetime(2024, 1, 31)", "start", "2024-01-31"),
            ("start_date=dt.datetime(2024, 1, 31, 6, 30)", "start", "2024-01-31 06:30"),
            ("start_date=datetime(year=2024, month=1, day=2, second=3)", "start", "2024-01-02 00:00:03"),
            ("start_date=pendulum.datetime(2024, 1, 1, tz='Europe/Zurich')", "start", "2024-01-01 Europe/Zurich"),
            ("start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)", "start", "2024-01-01 UTC"),
            ("start_date=datetime(2024, 1, 1, tzinfo=pendulum.timezone('UTC'))", "start", "2024-01-01 UTC"),
            ("start_date=days_ago(2)", "start", "days_ago(2)"),
            ("start_date=datetime.now()", "start", "dynamic"),
            ("start_date=datetime(YEAR, 1, 1)", "start", "dynamic"),
            ("tags=['a', EVERY]", "tags", "a,@hourly"),
            ("tags=TAGS", "tags", "x,y"),
            ("tags=['a', b]", "tags", "dynamic"),
            ("default_args={'owner': 'ada', 'retries': 2}", "owner", "ada"),
            ("default_args=dict(owner='ada')", "owner", "ada"),
            ("default_args=ARGS", "owner", "eve"),
            ("default_args={**ARGS, 'owner': 'ada'}", "owner", "ada"),
            ("default_args={'owner': 'ada', **ARGS}", "owner", "dynamic"),
            ("default_args={'retries': 2}", "owner", "not set"),
            ("default_args=load()", "owner", "dynamic"),
            ("catchup=False", "catchup", "false"),
            ("catchup=x", "catchup", "dynamic"),
        ];
        let head = "from airflow import DAG\nEVERY = '@hourly'\nTAGS = ('x', 'y')\nARGS = {'owner': 'eve'}\n\
                    COMMON = {'schedule': '@weekly'}\n";
        for (arguments, field, expected) in cases {
            let dag = only(&format!("{head}with DAG('a', {arguments}): ..."));
            let text = |value: &Value<String>| value.shown(Clone::clone);
            let found = match *field {
                "schedule" => text(&dag.schedule),
                "start" => text(&dag.start_date),
                "owner" => text(&dag.owner),
                "tags" => dag.tags.shown(|tags| tags.join(",")),
                _ => dag.catchup.shown(ToString::to_string),
            };
            assert_eq!(found, *expected, "{arguments}");
        }
        assert_eq!(only("\nfrom airflow import DAG\n\nwith DAG('a'): ...").line, 4);
        assert_eq!(only("from airflow.sdk import dag\n\n@dag()\ndef a(): ...\na()").line, 3);
    }

    #[test]
    fn tasks_are_found_with_their_groups() {
        let cases: &[(&str, &[&str], usize)] = &[
            ("  A(task_id='x') >> B(task_id='y')", &["x", "y"], 0),
            ("  x = m.A(\n    task_id='x')\n  if y:\n    A(task_id='z')", &["x", "z"], 0),
            ("  for t in [1]:\n    A(task_id=f'x{t}')\n  A(task_id='y')", &["y"], 1),
            ("  [A(task_id=t) for t in ts]", &[], 1),
            ("  A.partial(task_id='x').expand(y=[1])", &["x"], 0),
            ("  ti.xcom_pull(task_id='x')\n  A(name='y')", &[], 0),
            (
                "  with TaskGroup('g'):\n    A(task_id='x')\n    with TaskGroup(group_id='h') as h:\n      A(task_id='y')\n  A(task_id='z')",
                &["g.x", "g.h.y", "z"],
                0,
            ),
            ("  with TaskGroup('g', prefix_group_id=False):\n    A(task_id='x')", &["x"], 0),
            ("  with TaskGroup(name):\n    A(task_id='x')", &[], 1),
            ("  A(task_id='x', task_group=g)", &[], 1),
            ("  @task\n  def x(): A(task_id='inner')\n  x()\n  x()\n  y = x()", &["x", "x__1", "x__2"], 0),
            ("  @task.branch(task_id='b')\n  def x(): ...\n  x()", &["b"], 0),
            ("  @task(task_id=n)\n  def x(): ...\n  x()", &[], 1),
            (
                "  @task\n  def x(): ...\n  x.override(task_id='y')()\n  x.partial(a=1).expand(b=[1])\n  x.override(task_id='z').partial(a=1).expand(b=x())",
                &["y", "x", "z", "x__1"],
                0,
            ),
            ("  @task\n  def x(): ...", &[], 0),
            ("  outer() >> outer.override(task_id='o')()", &["outer", "o"], 0),
            (
                "  @task_group\n  def g():\n    outer()\n    A(task_id='x')\n  g()\n  g()\n  g.override(group_id='h')()",
                &["g.outer", "g.x", "g__1.outer", "g__1.x", "h.outer", "h.x"],
                0,
            ),
            ("  @task_group(group_id='k')\n  def g():\n    @task\n    def y(): ...\n    y()\n  g()", &["k.y"], 0),
            ("  @task_group\n  def g(): g()\n  g()", &[], 0),
            (
                "  pass\nA(task_id='x', dag=d)\nA(task_id='y')\nA(task_id='z', dag=other)\nwith d:\n  A(task_id='w')",
                &["x", "w"],
                0,
            ),
            ("  def make(): A(task_id='x')\n  make()", &[], 0),
        ];
        let head = "from airflow.sdk import DAG, TaskGroup, task, task_group\n@task\ndef outer(): ...\nwith DAG('a') as d:\n";
        for (body, expected, dynamic) in cases {
            let dag = only(&format!("{head}{body}"));
            assert_eq!(dag.tasks, *expected, "{body}");
            assert_eq!(dag.dynamic_tasks, *dynamic, "{body}");
        }
        let dag = only("from airflow.decorators import dag, task\n@dag\ndef a():\n  @task\n  def x(): ...\n  x()\na()");
        assert_eq!(dag.tasks, ["x"]);
        let file = dags("from airflow import DAG\nd = DAG('a')\ne = DAG('b')\nA(task_id='x', dag=e)\nA(task_id='y', dag=d)");
        let tasks: Vec<Vec<String>> = file.dags.into_iter().map(|dag| dag.tasks).collect();
        assert_eq!(tasks, [["y"], ["x"]]);
    }

    #[test]
    fn the_hashes_tell_a_dags_own_code_from_what_its_file_shares() {
        let parts = |text: &str| {
            let file = dags(text);
            (file.shared, file.dags.iter().map(|dag| dag.code).collect::<Vec<_>>())
        };
        let text = "from airflow import DAG\nx = 1\nwith DAG('a'):\n  y = 1\nwith DAG('b'):\n  z = 1\n";
        let (shared, codes) = parts(text);
        assert_eq!(parts(&text.replace("y = 1", "y = 2")), (shared, vec![parts(&text.replace("y = 1", "y = 2")).1[0], codes[1]]));
        assert_ne!(parts(&text.replace("y = 1", "y = 2")).1[0], codes[0]);
        let (other, same) = parts(&text.replace("x = 1", "x = 2"));
        assert!(other != shared && same == codes);
        for more in ["\n\nc = DAG('c')", "\n\nwith DAG('c'):\n  A()\n\n", "\nDAG('c')\n"] {
            assert_eq!(parts(&format!("{text}{more}")).0, shared, "{more}");
        }
    }

    fn problems(text: &str, python: Option<Python>) -> Vec<String> {
        let file = read(&path(), text.as_bytes(), python, Wanted::Problems);
        assert!(file.problems.iter().all(|problem| problem.severity == Severity::Error));
        assert_eq!(file.whole, file.problems.is_empty());
        file.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_wrong_line_is_told_once() {
        let found = problems("x = 1\ndef f(:\n  return 1\ny = [1, 2\nprint 'x'\n", None);
        assert!(found[0].starts_with("dags/a.py line 2, column 7: "), "{found:#?}");
        let lines: Vec<&str> = found.iter().map(|text| text.split(',').next().expect("a line")).collect();
        assert_eq!(lines, ["dags/a.py line 2", "dags/a.py line 5", "dags/a.py line 6"], "{found:#?}");
        let nul = problems("x = 1\0\n", None);
        assert!(nul.len() == 1 && nul[0].contains("\\u{0}"), "{nul:?}");
        assert_eq!(problems(&"(:\n".repeat(1_000), None).len(), 10);
        assert_eq!(problems("\u{feff}x = 'é' # ok\r\ny = 1\r\n", None), [] as [&str; 0]);
        let bytes = read(&path(), b"a = 1\nx = '\xe9'\n", None, Wanted::Dags);
        assert_eq!(bytes.problems[0].to_string(), "dags/a.py line 2: it is not UTF-8 and does not declare another encoding");
    }

    #[test]
    fn syntax_of_a_newer_python_counts_only_when_the_version_is_known() {
        let python = |minor| Some(Python { major: 3, minor });
        let cases = [
            ("x = t'{a}'\n", 14, 13, "t-strings on Python 3.13"),
            ("try: ...\nexcept* A: ...\n", 11, 10, "except*"),
            ("match x:\n  case 1: ...\n", 10, 9, "match"),
            ("def f[T](x: T): ...\n", 12, 11, "type parameter"),
            ("x = f'{a['b']}'\n", 12, 11, "f-string"),
        ];
        for (text, known, unknown, words) in cases {
            assert_eq!(problems(text, None), [] as [&str; 0], "{text}");
            assert_eq!(problems(text, python(known)), [] as [&str; 0], "{text}");
            let found = problems(text, python(unknown));
            assert!(found.len() == 1 && found[0].contains(words), "{text}: {found:?}");
        }
    }

    /// Runs on a thread as small as those that read files.
    fn with_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread").join().expect("no panic")
    }

    #[test]
    fn hostile_nesting_neither_overflows_nor_passes_for_checked() {
        let shapes: [fn(usize) -> String; 13] = [
            |count| "(".repeat(count) + "1" + &")".repeat(count),
            |count| "[".repeat(count),
            |count| "not ".repeat(count) + "x",
            |count| "a+".repeat(count) + "a",
            |count| "-".repeat(count) + "a",
            |count| "a**".repeat(count) + "a",
            |count| "lambda a,b: ".repeat(count) + "a",
            |count| "yield a, ".repeat(count),
            |count| "1 if 1 else ".repeat(count) + "a",
            |count| "f".to_owned() + &"()".repeat(count),
            |count| "f'{".repeat(count),
            |count| "{1:".repeat(count),
            |count| "async ".repeat(count) + "x",
        ];
        with_stack(move || {
            let head = "from airflow import DAG\nDAG('a', schedule=";
            for shape in shapes {
                for count in [4_900, 100_000] {
                    for text in [shape(count), format!("{head}{})", shape(count))] {
                        let file = read(&path(), text.as_bytes(), None, Wanted::Dags);
                        let words = ["nested too deeply", "too many nested brackets", "never closed"];
                        let messages: Vec<&str> = file.problems.iter().map(|problem| problem.message.as_str()).collect();
                        let refused = messages.iter().any(|message| words.iter().any(|words| message.contains(words)));
                        assert_eq!(refused, count > 10_000, "{}: {messages:?}", text.get(..60).unwrap_or_default());
                        assert_eq!(file.whole, messages.is_empty());
                    }
                }
            }
            let mut blocks = String::new();
            for level in 0..1_500 {
                blocks += &format!("{}if x:\n", " ".repeat(level));
            }
            assert!(!read(&path(), blocks.as_bytes(), None, Wanted::Dags).whole);
            let large = vec![b'#'; crate::dags::source::LARGEST + 1];
            let file = read(&path(), &large, None, Wanted::Dags);
            assert!(file.problems[0].message.contains("larger than 8 MiB"), "{:?}", file.problems);
            assert_eq!(file.problems[0].severity, Severity::Warning);
        });
    }

    #[test]
    fn constants_and_groups_that_multiply_do_not_take_for_ever() {
        let mut text = "from airflow.sdk import DAG, task_group, task\nA0 = ['x']\n".to_owned();
        for level in 1..60 {
            text += &format!("A{level} = [A{0}, A{0}]\n@task_group\ndef g{level}():\n  g{0}()\n  g{0}()\n", level - 1);
        }
        text += "@task\ndef g0(): ...\nwith DAG('a', schedule=A59):\n  g59()\n";
        let file = dags(&text);
        assert!(!file.whole, "not every task was counted");
        let dag = &file.dags[0];
        assert!(dag.schedule.known().is_none_or(|shown| shown.len() < 300), "{:?}", dag.schedule);
    }

    /// Each of these would take minutes if something were read again for every use.
    #[test]
    fn large_files_are_read_in_one_pass() {
        let head = "from airflow.sdk import DAG, TaskGroup\n".to_owned();
        let entries = |count: usize| (0..count).map(|number| format!("'{number}': {number}, ")).collect::<String>();
        let nested: String = (0..1_400).map(|level| format!("{}with DAG('d{level}'):\n", " ".repeat(level))).collect();
        let groups: String =
            (1..1_400).map(|level| format!("{}with TaskGroup('{}'):\n", " ".repeat(level), "g".repeat(900))).collect();
        let texts = [
            format!("{head}C = {{{}'dag_id': 'x'}}\n{}", entries(100_000), "DAG(**C)\n".repeat(9_000)),
            format!("{head}T = [{}]\n{}", "'t', ".repeat(100_000), "DAG('a', tags=T, schedule=T)\n".repeat(9_000)),
            format!("{head}I = '{}'\nwith DAG('a'):\n{}", "i".repeat(1_000_000), "  A(task_id=I)\n".repeat(100_000)),
            format!("{head}import {} as m\n{}", ("a".repeat(100) + ".").repeat(4_000) + "b", "m.DAG('a')\n".repeat(100_000)),
            format!("{head}{nested}{}pass\n", " ".repeat(1_400)),
            format!("{head}with DAG('a'):\n{groups}{}A(task_id='x')\n", " ".repeat(1_400)),
            head.clone() + &"DAG('a')\n".repeat(200_000),
        ];
        with_stack(move || {
            for text in texts {
                let file = read(&path(), text.as_bytes(), None, Wanted::Dags);
                assert_eq!(file.problems, []);
                assert!(file.dags.len() + file.dynamic.len() <= 10_000);
                let shown: usize =
                    file.dags.iter().map(|dag| dag.id.len() + dag.tasks.iter().map(String::len).sum::<usize>()).sum();
                assert!(shown <= 10_000_000, "{shown}");
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
            sane(text.as_bytes(), None);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sane(&bytes, Some(Python { major: 3, minor: 9 }));
        }

        #[test]
        fn no_heap_of_pieces_makes_the_reader_panic(pieces in proptest::collection::vec(piece(), 0..60)) {
            let text = "from airflow.sdk import *\n".to_owned() + &pieces.concat();
            sane(text.as_bytes(), None);
        }
    }

    /// Reads the bytes and checks that every place lies in them.
    fn sane(bytes: &[u8], python: Option<Python>) {
        let file = read(&path(), bytes, python, Wanted::Dags);
        assert_eq!(file.whole, file.problems.is_empty());
        let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
        let places = file.problems.iter().filter_map(|problem| problem.line).chain(file.dynamic.iter().copied());
        for line in places.chain(file.dags.iter().map(|dag| dag.line)) {
            assert!((1..=lines).contains(&line), "{line} of {lines}");
        }
    }

    /// Returns pieces of Python that the reader looks at.
    fn piece() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "with ",
            "DAG(",
            "'a'",
            ")",
            "(",
            " as d",
            ":",
            "\n",
            "\n  ",
            "\n    ",
            "@dag",
            "@task",
            "def f():",
            "f()",
            "x = ",
            "TaskGroup(",
            "A(task_id=",
            ", ",
            "schedule=",
            "start_date=datetime(",
            "2024",
            "default_args={",
            "'owner': ",
            "}",
            "**x",
            "*x",
            "lambda ",
            "yield ",
            "for i in x",
            "[",
            "]",
            "f'{",
            ".expand(",
            ".override(",
            "global x",
            "é",
            "\\\n",
            "if ",
            "else",
            "class C:",
            "match x:",
            "case ",
            "async ",
            "await ",
            ";",
            "\0",
            "\r",
            "\t",
            "'''",
            "#",
            "import airflow",
        ])
    }
}
