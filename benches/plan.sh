#!/usr/bin/env bash
# Compares `liftoff plan` with `git status` plus `git diff --name-only` on a generated repository
# of 50,000 files and 2,000 commits that holds a 10,000-file Astro project below astro/.
# Prints times and peak memory, for a base 100 commits back and for the very first commit.
#
#   benches/plan.sh BINARY             needs git, python3, hyperfine and GNU time
#   benches/plan.sh BINARY --install   installs the last two with apt-get first
#   benches/plan.sh --generate FOLDER  only makes the repository
#
# RUNS (default 10) sets the number of timed runs, DATA keeps the repository between calls.
set -euo pipefail
cd "$(dirname "$0")/.."

# Neither the user's git configuration nor a CI system's variables take part.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

generate() {
  git init --quiet --initial-branch=main "$1"
  python3 benches/plan-data.py | git -C "$1" fast-import --quiet --done
  git -C "$1" checkout --quiet --force main
  # As after a real checkout: the index knows every file's time.
  git -C "$1" status --porcelain >/dev/null
}

usage() {
  sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

case "${1:-}" in
  --generate) [ $# -eq 2 ] || usage; generate "$2"; exit 0 ;;
  '' | -*) usage ;;
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
repository=${DATA:-$work/repository}
[ -d "$repository/.git" ] || generate "$repository"
cd "$repository"
echo "repository: $(git ls-files | wc -l) files, $(git rev-list --count HEAD) commits, $(git ls-files astro | wc -l) files below astro/"

clean=(env -i "PATH=$PATH" "GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL" GIT_CONFIG_NOSYSTEM=1)
for base in "$(git rev-parse HEAD~100)" "$(git rev-list --max-parents=0 HEAD)"; do
  echo
  echo "base ${base:0:9}: $(git diff --name-only "$base" | wc -l) files differ"
  plan=("${clean[@]}" "$binary" plan --base "$base" --root-folder astro)
  /usr/bin/time -f 'liftoff plan: %e s, %M KiB peak' "${plan[@]}" >/dev/null
  /usr/bin/time -f 'git status: %e s, %M KiB peak' git status --porcelain >/dev/null
  /usr/bin/time -f 'git diff: %e s, %M KiB peak' git diff --name-only "$base" >/dev/null
  printf -v quoted "%q " "${plan[@]}"
  hyperfine --warmup 2 --runs "${RUNS:-10}" \
    --command-name 'liftoff plan' "$quoted" \
    --command-name 'git status + git diff' "git status --porcelain && git diff --name-only $base"
done
