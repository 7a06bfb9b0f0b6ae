#!/usr/bin/env bash
# Compares Liftoff's packer with `tar | pigz -6` on 10,002 generated files (about 80 MB).
# Prints time, ratio, peak memory, and whether the bytes are the same for 1, 2 and 8 threads.
#
#   benches/bundle.sh              needs cargo, python3, hyperfine, pigz and GNU time
#   benches/bundle.sh --install    installs the last three with apt-get first
#
# RUNS (default 7) sets the number of timed runs, DATA keeps the generated folder between calls.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --install ]; then
  apt-get update -qq
  apt-get install -qq --no-install-recommends hyperfine pigz time
fi
for program in cargo python3 hyperfine pigz /usr/bin/time; do
  command -v "$program" >/dev/null || { echo "$program is missing: run $0 --install" >&2; exit 3; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=${DATA:-$work/data}
if [ ! -d "$data/dags" ]; then
  mkdir -p "$data/dags"
  python3 benches/bundle-data.py "$data/dags"
fi

packer=$(cargo bench --bench pack --no-run --message-format=json \
  | python3 -c 'import json,sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "pack":
        print(message["executable"])')

content=$(find "$data/dags" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }')
files=$(find "$data/dags" -type f | wc -l)
echo "data: $files files, $content bytes"

for threads in 1 2 8; do
  /usr/bin/time -f "threads $threads: %e s, %U s user, %S s system, %M KiB peak" \
    "$packer" "$data/dags" "$threads" "$work/$threads.tar.gz"
done
tar -C "$data" -cf - dags | pigz -6 >"$work/pigz.tar.gz"
gzip -t "$work/2.tar.gz"
[ "$(tar -tzf "$work/2.tar.gz" | wc -l)" -eq "$files" ]
for output in 2.tar.gz pigz.tar.gz; do
  size=$(stat -c %s "$work/$output")
  awk -v output="$output" -v content="$content" -v size="$size" \
    'BEGIN { printf "%s: %d bytes, ratio %.2f\n", output, size, content / size }'
done
if cmp -s "$work/1.tar.gz" "$work/2.tar.gz" && cmp -s "$work/2.tar.gz" "$work/8.tar.gz"; then
  echo "bytes: the same for 1, 2 and 8 threads"
else
  echo "bytes: DIFFERENT for 1, 2 and 8 threads" >&2
  exit 1
fi

hyperfine --warmup 1 --runs "${RUNS:-7}" \
  --command-name 'liftoff, 2 threads' "'$packer' '$data/dags' 2 '$work/timed.tar.gz'" \
  --command-name 'tar | pigz -6' "tar -C '$data' -cf - dags | pigz -6 >'$work/timed.pigz'"
