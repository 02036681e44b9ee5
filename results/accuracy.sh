#!/usr/bin/env bash
# Solves every shipped problem with an exact solution with seeds 0, 1 and 2 and renews its lines of results/accuracy.csv; seed 0 also renews results/<name>/.
# Usage: results/accuracy.sh [NAME...]    (about 3 minutes on 2 cores; needs Python for the table)
set -uo pipefail
cd "$(dirname "$0")/.."
binary=${PINN:-target/release/pinn}
[ -n "${PINN:-}" ] || cargo build --release || exit 2
table=results/accuracy.csv
names=("$@")
[ $# -gt 0 ] || for file in $(grep -lE "Exact\\(|PerMaterial\\(" problems/*.ron); do names+=("$(basename "$file" .ron)"); done
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
[ -f "$table" ] || echo "problem,seed,parameters,points,field_l2,flux_l2,field_max,energy,estimate,estimate_flux,balance,seconds,peak_memory_mib,verdict" >"$table"
for name in "${names[@]}"; do
  for seed in 0 1 2; do
    out=results/$name
    [ "$seed" = 0 ] || out=$other/$name-$seed
    "$binary" solve "problems/$name.ron" --seed "$seed" --out "$out" >/dev/null 2>&1
    sed -i "/^$name,$seed,/d" "$table"
    python3 - "$name" "$out/summary.json" >>"$table" <<'PY'
import json, sys
name, path = sys.argv[1:]
s = json.load(open(path))
e = s["errors"]
points = sum(term["points"] for term in s["terms"])
print(name, s["seed"], s["parameters"], points, f"{e['field_l2']:.2e}", f"{e['flux_l2']:.2e}", f"{e['field_max']:.2e}",
      f"{e['energy']:.2e}", f"{s['estimate']['field_l2']:.2e}", f"{s['estimate']['flux_l2']:.2e}",
      f"{s['balance']['relative']:.2e}", f"{s['seconds']:.1f}", f"{(s['peak_memory_bytes'] or 0) / 2**20:.0f}", s["verdict"], sep=",")
PY
    tail -n 1 "$table"
  done
done
(head -n 1 "$table"; tail -n +2 "$table" | sort -t, -k1,1 -k2,2n) >"$other/table" && cp "$other/table" "$table"
