#!/usr/bin/env bash
# Times the syntax check and the reading of DAGs on 9,999 generated Python files (about 65 MB), next to
# CPython's own parser, `ast.parse`, on one core and on all of them. Prints times and peak memory of a plan
# that checks, one that does not, and one that reads every DAG as well.
#
#   benches/dags.sh BINARY             needs git, python3, hyperfine and GNU time
#   benches/dags.sh BINARY --install   installs the last two with apt-get first
#
# RUNS (default 5) sets the number of timed runs, DATA keeps the generated folder between calls.
set -euo pipefail
cd "$(dirname "$0")/.."

# Neither the user's git configuration nor a CI system's variables take part.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

case "${1:-}" in
  '' | -*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
binary=$(realpath "$1")
if [ "${2:-}" = --install ]; then
  apt-get update -qq
  apt-get install -qq --no-install-recommends hyperfine time
fi
for program in git python3 hyperfine /usr/bin/time "$binary"; do
  command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 3; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project=${DATA:-$work/project}
if [ ! -d "$project/.git" ]; then
  mkdir -p "$project/dags"
  git init --quiet --initial-branch=main "$project"
  echo 'FROM astrocrpublic.azurecr.io/runtime:3.1-4' >"$project/Dockerfile"
  touch "$project/requirements.txt" "$project/packages.txt"
  git -C "$project" add --all
  git -C "$project" -c user.name=Ada -c user.email=ada@example.com commit --quiet --message 'No DAGs yet'
  python3 benches/dags-data.py "$project/dags"
fi
cd "$project"
files=$(find dags -name '*.py' | wc -l)
bytes=$(find dags -name '*.py' -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }')
echo "data: $files Python files, $bytes bytes, $(nproc) cores"

parser='import ast, pathlib, sys, warnings
from concurrent.futures import ProcessPoolExecutor
warnings.simplefilter("ignore")
def parse(path):
    ast.parse(path.read_bytes())
if __name__ == "__main__":
    paths = list(pathlib.Path("dags").rglob("*.py"))
    with ProcessPoolExecutor(int(sys.argv[1])) as pool:
        for _ in pool.map(parse, paths, chunksize=100):
            pass'
printf '%s\n' "$parser" >"$work/parse.py"

# A base without DAGs makes every file a changed one, so that all DAGs are read; without a base nothing is compared.
clean=(env -i "PATH=$PATH" "GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL" GIT_CONFIG_NOSYSTEM=1 "$binary" plan)
unchecked=("${clean[@]}" --check=false)
read_all=("${clean[@]}" --base HEAD)
for plan in unchecked clean read_all; do
  declare -n command=$plan
  /usr/bin/time -f "$plan: %e s, %U s user, %M KiB peak" "${command[@]}" >"$work/$plan.txt"
done
echo "DAGs read: $(grep -c '^  + dag ' "$work/read_all.txt")"
printf -v unchecked_line '%q ' "${unchecked[@]}"
printf -v checked_line '%q ' "${clean[@]}"
printf -v read_line '%q ' "${read_all[@]}"
hyperfine --warmup 1 --runs "${RUNS:-5}" \
  --command-name 'liftoff plan, no check' "$unchecked_line" \
  --command-name 'liftoff plan, check' "$checked_line" \
  --command-name 'liftoff plan, check and all DAGs' "$read_line" \
  --command-name 'ast.parse, 1 process' "python3 '$work/parse.py' 1" \
  --command-name "ast.parse, $(nproc) processes" "python3 '$work/parse.py' $(nproc)"
