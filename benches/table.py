"""Tables of the last `cargo bench`: python3 benches/table.py [CRITERION_FOLDER]

Time per step, GFLOP/s, and the fraction of the rate of a 2048³ matrix product in the same run. Without an argument the folder
is `criterion` in cargo's target directory.
"""

import json
import subprocess
import sys
from pathlib import Path


def default_folder():
    text = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], capture_output=True, check=True).stdout
    return Path(json.loads(text)["target_directory"]) / "criterion"


def read(folder):
    """Median seconds and GFLOP/s of every case that the folder holds, by (physics, precision, network, points)."""
    cases = {}
    for path in sorted((folder / "step").glob("*/new/benchmark.json")):
        benchmark = json.loads(path.read_text())
        estimates = json.loads((path.parent / "estimates.json").read_text())
        seconds = estimates["median"]["point_estimate"] * 1e-9
        operations = benchmark["throughput"]["Elements"]
        cases[tuple(benchmark["function_id"].split("/"))] = (seconds, operations / seconds * 1e-9)
    return cases


def rates(cases):
    """The rate of the matrix product, by precision."""
    return {case[1]: rate for case, (_, rate) in cases.items() if case[0] == "gemm"}


def table(cases):
    peak = rates(cases)
    lines = [
        "| physics | network | points | f32 step | f32 GFLOP/s | of sgemm | f64 step | f64 GFLOP/s | of dgemm |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = {(c[0], c[2], int(c[3])) for c in cases if len(c) == 4}

    def key(row):
        width, depth = row[1].split("x")
        return row[0], int(width), int(depth), row[2]

    for physics, network, points in sorted(rows, key=key):
        cells = []
        for precision in ("f32", "f64"):
            seconds, rate = cases[physics, precision, network, str(points)]
            cells += [f"{seconds * 1e3:.3g} ms", f"{rate:.0f}", f"{rate / peak[precision]:.2f}"]
        lines.append(f"| {physics} | {network} | {points} | " + " | ".join(cells) + " |")
    lines.append("")
    lines.append(", ".join(f"{name}: {rate:.0f} GFLOP/s" for name, rate in sorted(peak.items())) + " in a product of 2048³.")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(read(Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder())))
