#!/usr/bin/env bash
# Solves the nonlinear problems (problems/ and results/nonlinear/) and writes results/nonlinear.csv with the bars of results/nonlinear/bars.csv;
# seed 0 of the shipped ones also renews results/<name>/.
# Usage: results/nonlinear.sh [SEEDS [NAME...]]    (SEEDS such as "0 1 2"; needs Python for the table)
set -uo pipefail
cd "$(dirname "$0")/.."
binary=${PINN:-target/release/pinn}
[ -n "${PINN:-}" ] || cargo build --release || exit 2
seeds=${1:-0 1 2}
shift
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(tail -n +2 results/nonlinear/bars.csv | cut -d, -f1)
table=results/nonlinear.csv
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
[ -f "$table" ] || echo "problem,seed,parameters,relative_l2,newton_steps,wall,peak_memory_mib,verdict,bar_error,bar_seconds,met" >"$table"
for name in "${names[@]}"; do
  for seed in $seeds; do
    file=problems/$name.ron out=results/$name
    [ -f "$file" ] || file=results/nonlinear/$name.ron out=
    [ "$seed" = 0 ] && [ -n "$out" ] || out=$other/$name-$seed
    # A summary of an earlier run must not pass for this one's.
    rm -f "$out/summary.json"
    begin=$EPOCHREALTIME
    timeout 600 "$binary" solve "$file" --seed "$seed" --out "$out" >"$other/log" 2>&1
    end=$EPOCHREALTIME
    sed -i "/^${name//./\\.},$seed,/d" "$table"
    python3 - "$name" "$seed" "$out/summary.json" "$begin" "$end" >>"$table" <<'PY'
import csv, json, sys
name, seed, path, begin, end = sys.argv[1:]
# A comma is the decimal sign of some locales.
seconds = float(end.replace(",", ".")) - float(begin.replace(",", "."))
wall = f"{seconds:.1f}"
with open("results/nonlinear/bars.csv") as file:
    bars = {row["problem"]: row for row in csv.DictReader(file)}
bar = bars.get(name, {"error": "", "seconds": ""})
try:
    s = json.load(open(path))
except OSError:
    print(name, seed, "", "", "", wall, "", "no result", bar["error"], bar["seconds"], "no", sep=",")
    sys.exit()
comparison, errors = s["comparison"], s["errors"]
error = comparison["relative_l2"] if comparison else errors["field_l2"] if errors else None
within = lambda value, limit: not limit or value <= float(limit)
# An error that is not finite is written as null.
met = error is not None and within(error, bar["error"]) and within(seconds, bar["seconds"])
print(name, seed, s["parameters"], "" if error is None else f"{error:.2e}", sum(stage["steps"] for stage in s["stages"] if stage["stage"] == "Newton") or "", wall,
      f"{(s['peak_memory_bytes'] or 0) / 2**20:.0f}", s["verdict"], bar["error"], bar["seconds"], "yes" if met else "no", sep=",")
PY
    tail -n 1 "$table"
    [ -f "$out/summary.json" ] || tail -n 5 "$other/log" >&2
  done
done
