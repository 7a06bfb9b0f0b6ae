#!/usr/bin/env bash
# Times `liftoff check`: static on 10,000 generated DAG files, next to CPython's own parser, and with real Airflow
# (`--parse`) cold and warm, next to what it takes the place of: building the project's image and importing the DAGs in it.
#
#   benches/check.sh BINARY             the static check; needs python3, hyperfine
#   benches/check.sh BINARY BASE        `--parse` as well; needs uv, and docker with an image BASE that has python3, pip and
#                                       Airflow AIRFLOW (default 3.1.8), as Astro Runtime has; BASE is not counted
#
# RUNS (default 3) sets the number of timed runs. Packages come from the index that pip is configured for.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  '' | -*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
binary=$(realpath "$1")
base=${2:-}
airflow=${AIRFLOW:-3.1.8}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home
mkdir "$HOME"

mkdir -p "$work/many/dags"
echo 'FROM astrocrpublic.azurecr.io/runtime:3.1-4' >"$work/many/Dockerfile"
touch "$work/many/requirements.txt" "$work/many/packages.txt"
python3 benches/dags-data.py "$work/many/dags"
cat >"$work/parse.py" <<'PYTHON'
import ast, pathlib, sys, warnings
from concurrent.futures import ProcessPoolExecutor
warnings.simplefilter("ignore")
def parse(path):
    ast.parse(path.read_bytes())
if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(parse, list(pathlib.Path(sys.argv[1]).rglob("*.py")), chunksize=100):
            pass
PYTHON
echo "static: $(find "$work/many/dags" -name '*.py' | wc -l) Python files, $(nproc) cores"
hyperfine --warmup 1 --runs "${RUNS:-3}" --ignore-failure -n 'liftoff check' "cd $work/many && env -i PATH=$PATH $binary check" \
  -n 'ast.parse, all cores' "python3 $work/parse.py $work/many/dags"
if [ -z "$base" ]; then exit 0; fi

# A project as they are: fifty DAGs and a few packages besides Airflow.
project=$work/project
mkdir -p "$project/dags"
printf 'FROM %s\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n' "$base" >"$project/Dockerfile"
printf 'humanize==4.9.0\ntabulate==0.9.0\n' >"$project/requirements.txt"
touch "$project/packages.txt"
for number in $(seq 50); do
  cat >"$project/dags/dag_$number.py" <<PYTHON
import humanize
import tabulate
from airflow.sdk import DAG

with DAG("dag_$number"):
    humanize.naturalsize($number)
PYTHON
done
cat >"$work/bag.py" <<'PYTHON'
from airflow.models.dagbag import DagBag
bag = DagBag("dags", include_examples=False)
assert not bag.import_errors and len(bag.dags) == 50, bag.import_errors
PYTHON
cp "$work/bag.py" "$project/include_bag.py"
index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
check="cd $project && $binary check --parse --airflow-version $airflow --check-cache $work/cache"
build="docker build --no-cache --pull=false --network host ${index:+--build-arg PIP_INDEX_URL=$index} -q -t liftoff-bench $project"
bag="docker run --rm --network none liftoff-bench python3 include_bag.py"
echo "parse: 50 DAGs with Airflow $airflow"
hyperfine --runs "${RUNS:-3}" --prepare "rm -rf $work/cache $HOME/.cache" -n 'check --parse, cold' "$check"
hyperfine --warmup 1 --runs "${RUNS:-3}" -n 'check --parse, warm' "$check"
hyperfine --runs "${RUNS:-3}" -n 'image build and import, base at hand' "$build && $bag"
