"""The same training step here and in other programs, in one run: python3 benches/peers/compare.py [--out FOLDER]

Prints a table of milliseconds and ratios, and writes it to FOLDER/peers.md. Needs the packages of requirements.txt in the Python
that runs it, a quiet machine and about ten minutes. Every case is measured with `cargo bench` before and after its peers; the
slower of the two counts.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from table import default_folder, rates, read  # noqa: E402

HERE = Path(__file__).resolve().parent
CASES = [("laplacian", 8192), ("laplacian", 1024), ("elasticity2d", 8192), ("elasticity2d", 1024)]
PEERS = [
    ("DeepXDE, PyTorch", "deepxde_step.py", {"DDE_BACKEND": "pytorch"}),
    ("DeepXDE, JAX", "deepxde_step.py", {"DDE_BACKEND": "jax"}),
    ("jinns", "jinns_step.py", {}),
    ("JAX, forward jets by hand", "jax_jets.py", {}),
]


def own(physics, points):
    """Milliseconds of the kernel's step, and the rate of the matrix product in the same run."""
    pattern = f"gemm/f32|{physics}/f32/64x4/{points}$"
    command = ["cargo", "bench", "--no-default-features", "--bench", "step", "--", pattern]
    subprocess.run(command, check=True, capture_output=True)
    cases = read(default_folder())
    return cases[physics, "f32", "64x4", str(points)][0] * 1e3, rates(cases)["f32"]


def peer(script, variables, physics, points):
    """Milliseconds of a peer's step, or why there are none."""
    command = [sys.executable, str(HERE / script), physics, str(points)]
    environment = os.environ | variables | {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    return float(done.stdout.split()[-1]), None


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    lines = [
        "| step | pinn | " + " | ".join(name for name, _, _ in PEERS) + " |",
        "| --- | --- |" + " --- |" * len(PEERS),
    ]
    rate = 0.0
    for physics, points in CASES:
        before, first = own(physics, points)
        measured = [(name, *peer(script, variables, physics, points)) for name, script, variables in PEERS]
        after, second = own(physics, points)
        mine, rate = max(before, after), max(rate, first, second)
        cells = []
        for name, milliseconds, failure in measured:
            if failure:
                print(f"{name}: {failure}", file=sys.stderr)
            cells.append("failed" if failure else f"{milliseconds:.1f} ms, {milliseconds / mine:.1f}×")
        lines.append(f"| {physics}, {points} points | {mine:.2f} ms | " + " | ".join(cells) + " |")
        print(lines[-1], file=sys.stderr)
    cores = len(os.sched_getaffinity(0))
    commit = subprocess.run(["git", "log", "-1", "--format=%s"], capture_output=True, text=True, check=True).stdout.strip()
    text = "\n".join(lines) + f"\n\n{processor()}, {cores} cores; sgemm {rate:.0f} GFLOP/s; commit \"{commit}\".\n"
    print(text)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "peers.md").write_text(text)


if __name__ == "__main__":
    main()
