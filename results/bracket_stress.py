"""Displacement and von Mises stress of the bracket against finite elements at the random points of results/real_parts_fem_bracket.csv.

    python3 results/bracket_stress.py FOLDER [--seed 0] [--pinn target/release/pinn]

Solves problems/bracket.ron with these points as probes, results in FOLDER, and prints relative errors: L2 and largest (by the largest value), of the
von Mises stress at points farther than 12 mm from the clamped bolt holes (the column `far`) and at all points.
"""

import argparse
import json
import re
import subprocess
from pathlib import Path

import numpy as np


def error(found, exact):
    return np.linalg.norm(found - exact) / np.linalg.norm(exact), np.abs(found - exact).max() / np.abs(exact).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pinn", default="target/release/pinn")
    options = parser.parse_args()
    table = np.genfromtxt("results/real_parts_fem_bracket.csv", delimiter=",", names=True)
    place = np.stack([table[c] for c in "xyz"], axis=1)
    text = Path("problems/bracket.ron").read_text().replace("../", f"{Path.cwd()}/")
    probes = ", ".join(f"[{x!r}, {y!r}, {z!r}]" for x, y, z in place.tolist())
    text, times = re.subn(r"probes: \[.*\]\)", lambda _: f"probes: [{probes}])", text)
    assert times == 1
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "input.ron"
    file.write_text(text)
    subprocess.run([options.pinn, "solve", str(file), "--seed", str(options.seed), "--out", str(options.folder)], check=False)
    summary = json.loads((options.folder / "summary.json").read_text())
    readings = [{r["name"]: r["values"] for r in probe["readings"]} for probe in summary["probes"]]
    displacement = np.array([r["displacement"] for r in readings])
    stress = np.array([r["von_mises"][0] for r in readings])
    far = table["far"] > 0
    print("quantity,l2,largest")
    for name, found, exact in (
        ("displacement", displacement, np.stack([table[f"u{c}"] for c in "xyz"], axis=1)),
        ("von_mises far", stress[far], table["von_mises"][far]),
        ("von_mises", stress, table["von_mises"]),
    ):
        print(name, *(f"{e:.2e}" for e in error(found, exact)), sep=",")


if __name__ == "__main__":
    main()
