#!/usr/bin/env bash
# Solves the problems with holes, corners, meshes and several materials (problems/ and results/real_parts/) and writes results/real_parts.csv; seed 0 also renews results/<name>/.
# Usage: results/real_parts.sh [SEEDS [NAME...]]    (SEEDS such as "0 1 2"; needs Python for the table)
set -uo pipefail
cd "$(dirname "$0")/.."
binary=${PINN:-target/release/pinn}
[ -n "${PINN:-}" ] || cargo build --release || exit 2
seeds=${1:-0 1 2}
shift
names=("$@")
[ $# -gt 0 ] || names=(square_with_holes lshape nafems_t4 cook heat_sink notched_beam composite_cantilever bracket
  square_from_mesh plate_from_mesh cook_incompressible circular_interface_1000)
table=results/real_parts.csv
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
[ -f "$table" ] || echo "problem,seed,parameters,values,relative_l2,largest,seconds,wall,peak_memory_mib,verdict" >"$table"
for name in "${names[@]}"; do
  for seed in $seeds; do
    file=problems/$name.ron out=results/$name
    [ -f "$file" ] || file=results/real_parts/$name.ron out=
    [ "$seed" = 0 ] && [ -n "$out" ] || out=$other/$name-$seed
    begin=$(date +%s.%N)
    "$binary" solve "$file" --seed "$seed" --out "$out" >/dev/null 2>&1
    wall=$(python3 -c "import time; print(f'{time.time() - $begin:.1f}')")
    sed -i "/^$name,$seed,/d" "$table"
    python3 - "$name" "$out/summary.json" "$wall" >>"$table" <<'PY'
import json, sys
name, path, wall = sys.argv[1:]
s = json.load(open(path))
c = s["comparison"] or {"values": 0, "relative_l2": s["errors"]["field_l2"], "largest": s["errors"]["field_max"]}
print(name, s["seed"], s["parameters"], c["values"], f"{c['relative_l2']:.2e}", f"{c['largest']:.2e}", f"{s['seconds']:.1f}", wall,
      f"{(s['peak_memory_bytes'] or 0) / 2**20:.0f}", s["verdict"], sep=",")
if s["errors"]:
    print(f"{name}: largest error of the flux {s['errors']['flux_max']:.2e}", file=sys.stderr)
for probe in s["probes"]:
    for reading in probe["readings"]:
        if name == "plate_from_mesh" and reading["name"] == "stress":
            print(f"{name}: sxx at {probe['place']} {reading['values'][0]:.6g} Pa", file=sys.stderr)
PY
    tail -n 1 "$table"
  done
done
