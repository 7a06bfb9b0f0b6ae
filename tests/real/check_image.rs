//! `liftoff check` and `liftoff deploy` with a project's code in containers of the real Docker. The image has the real Python, and
//! in Airflow's place a module that imports files: a whole Airflow would take minutes and is what `real_check` is for.
//! `tests/real/run` starts the engine.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

use std::path::Path;
use std::process::Command;

/// Makes the root of an image: this machine's Python with the libraries it needs, and the module.
const ROOT: &str = r#"set -eu
python=$(readlink -f /usr/bin/python3)
library=/usr/lib/$(basename "$python")
mkdir -p usr/bin usr/lib tmp usr/local/airflow
chmod 1777 tmp
cp "$python" usr/bin/python
cp -r "$library" usr/lib/
for file in "$python" "$library"/lib-dynload/*.so; do ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true; done | sort -u |
  while read -r needed; do mkdir -p ".$(dirname "$needed")"; cp -L "$needed" ".$needed"; done
packages=usr/lib/python3/dist-packages
mkdir -p $packages/airflow/models $packages/airflow/utils $packages/apache_airflow-3.1.99.dist-info
printf 'Metadata-Version: 2.1\nName: apache-airflow\nVersion: 3.1.99\n' >$packages/apache_airflow-3.1.99.dist-info/METADATA
touch $packages/airflow/__init__.py $packages/airflow/utils/__init__.py $packages/airflow/models/__init__.py
cat >$packages/airflow/utils/file.py <<'PYTHON'
import os
def list_py_file_paths(directory):
    return [os.path.join(folder, name) for folder, _, names in os.walk(directory) for name in names if name.endswith(".py")]
PYTHON
cat >$packages/airflow/models/dagbag.py <<'PYTHON'
import importlib.util, traceback, types
class DagBag:
    def __init__(self, dag_folder, include_examples, collect_dags):
        self.dags, self.import_errors = {}, {}
    def process_file(self, path, only_if_updated):
        try:
            spec = importlib.util.spec_from_file_location("dag", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return [types.SimpleNamespace(dag_id=module.ID)]
        except Exception:
            self.import_errors[path] = traceback.format_exc()
PYTHON
"#;
const IMAGE: &str = "liftoff-check-test:1";

#[expect(clippy::disallowed_methods, reason = "`tests/real/run` hands the addresses over in the environment")]
fn engine() -> String {
    std::env::vars().find(|(name, _)| name == "REAL_DOCKER_HOST").map(|(_, value)| value).expect("REAL_DOCKER_HOST")
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("/usr/bin/docker").args(arguments).env("DOCKER_HOST", engine()).output().expect("docker");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn import_image(folder: &Path) {
    let root = folder.join("root");
    std::fs::create_dir(&root).expect("a folder");
    let made = Command::new("sh").args(["-c", ROOT]).current_dir(&root).output().expect("sh");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let archive = folder.join("root.tar");
    let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".").status().expect("tar");
    assert!(packed.success());
    let changes = ["ENV PATH=/usr/bin", "USER 50000:0", "LABEL io.astronomer.docker.runtime.version=3.1-4"];
    let options = changes.iter().flat_map(|change| ["--change", change]);
    let arguments: Vec<&str> = ["import"].into_iter().chain(options).chain([archive.to_str().expect("a path"), IMAGE]).collect();
    docker(&arguments);
}

fn run(project: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_liftoff"))
        .args(arguments)
        .args(["--container-engine", "/usr/bin/docker"])
        .current_dir(project)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DOCKER_HOST", engine())
        .env("TMPDIR", project.parent().expect("a folder"))
        .output()
        .expect("the program");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn code_is_checked_in_the_image_and_no_container_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    import_image(folder.path());
    let project = folder.path().join("project");
    let write = |path: &str, text: &str| {
        let path = project.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    };
    write("Dockerfile", &format!("FROM {IMAGE}\n"));
    write("dags/good.py", "import os\nID = os.environ['AIRFLOW_VAR_ID']\n");
    write("dags/lacks.py", "import no_such_package\n");
    write("dags/hangs.py", "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass\n");
    write(".env", "AIRFLOW_VAR_ID=from the file\n");
    let (code, text) = run(&project, &["check", "--parse", "--parse-timeout", "2s", "--image-name", IMAGE]);
    assert_eq!(code, 7, "{text}");
    for line in [
        "parse  3 files, 1 DAG with Airflow 3.1.99 on Python 3.",
        "in the image liftoff-check-test:1: 2 failed",
        "error: dags/lacks.py line 1: ModuleNotFoundError: No module named 'no_such_package'",
        "error: dags/hangs.py: importing it took longer than 2 s",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }

    std::fs::remove_file(project.join("dags/hangs.py")).expect("removed");
    let deploy = ["deploy", "--sandbox", "--deploy-type", "image-and-dags", "--parse"];
    let (code, text) = run(&project, &deploy);
    assert!(code == 7 && text.contains("nothing was deployed") && !text.contains("created deploy"), "{text}");
    write("dags/lacks.py", "ID = 'two'\n");
    let (code, text) = run(&project, &deploy);
    assert!(code == 0 && text.contains("2 DAGs with Airflow 3.1.99") && text.contains("Deployed"), "{text}");
    let (code, text) = run(&project, &["check", "--pytest", "--image-name", IMAGE, "--pytest-file", "dags"]);
    assert!(code == 3 && text.contains("there is no pytest in the image"), "{text}");
    assert_eq!(docker(&["ps", "--all", "--quiet", "--filter", "name=liftoff-check-"]), "", "no container stays");
}
