"""Reference of two_materials.ron: a fuel rod whose conductivities depend on the temperature, by quadratic finite elements.

    python3 results/nonlinear/two_materials_fem.py        # from the folder of the project

Find T with integral k(T) grad T . grad v + integral over the outside h (T - Tc) v = integral over the pellet q v for all v, on the mesh of
meshes/fuel_rod.msh and its uniform refinements within the same domain (see results/real_parts_fem.py). Newton's method with the exact
tangent, k grad dT . grad v + k' dT grad T . grad v, until the step is below 1e-12 of the temperature.

Writes `two_materials.csv`: the finest level at random points, uniform in the domain. Prints for every level the values at the probes,
the change of the field at those points, relative to its norm above Tc as `pinn` measures it, and the balance of heat. The change falls
by 8 per level and is 4e-7 in the end, so that the table is good to 1e-7: T = 766.46862, 745.69384 and 603.6380 K at the probes.
Needs `pip install scipy scikit-fem gmsh`; takes about a minute.
"""

import sys
from pathlib import Path

import numpy as np
import scipy.sparse.linalg
from skfem import Basis, BilinearForm, ElementTriP2, FacetBasis, LinearForm
from skfem.helpers import dot, grad

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from real_parts_fem import descend, read, shapes

SOURCE, FILM, WATER = 4e8, 3e4, 570.0
PROBES = [(-0.003, 0.0), (0.003, 0.0), (0.0, 0.0045)]
LEVELS, POINTS = 4, 1000

# Conductivity and its derivative.
LAWS = {
    "pellet": (lambda T: 1 / (0.0375 + 2.165e-4 * T), lambda T: -2.165e-4 / (0.0375 + 2.165e-4 * T) ** 2),
    "cladding": (
        lambda T: 7.51 + 2.09e-2 * T - 1.45e-5 * T**2 + 7.67e-9 * T**3,
        lambda T: 2.09e-2 - 2.9e-5 * T + 2.301e-8 * T**2,
    ),
}


def solve(nested):
    """Temperatures at the nodes, steps of Newton's method, and the imbalance of heat relative to what is made."""
    regions = {name: Basis(nested.mesh, ElementTriP2(), elements=nested.regions[name], intorder=6) for name in LAWS}
    outside = FacetBasis(nested.mesh, ElementTriP2(), facets=nested.mesh.boundaries["outer"], intorder=6)
    film = FILM * BilinearForm(lambda u, v, w: u * v).assemble(outside)
    load = SOURCE * LinearForm(lambda v, w: v).assemble(regions["pellet"])
    load += FILM * WATER * LinearForm(lambda v, w: v).assemble(outside)
    T = np.full(load.shape, WATER)
    for step in range(1, 30):
        residual, tangent = film @ T - load, film.copy()
        for name, (k, dk) in LAWS.items():
            here = regions[name].interpolate(T)
            residual += LinearForm(lambda v, w: k(w.T) * dot(w.T.grad, grad(v))).assemble(regions[name], T=here)
            tangent += BilinearForm(
                lambda u, v, w: k(w.T) * dot(grad(u), grad(v)) + dk(w.T) * u * dot(w.T.grad, grad(v))
            ).assemble(regions[name], T=here)
        change = scipy.sparse.linalg.spsolve(tangent.tocsc(), -residual)
        T += change
        if abs(change).max() < 1e-12 * abs(T).max():
            break
    made = SOURCE * regions["pellet"].dx.sum()
    given = (FILM * (outside.interpolate(T).value - WATER) * outside.dx).sum()
    return T, step, given / made - 1


def main():
    nested = read("fuel_rod")
    cells, xi = nested.find(PROBES)
    drawn, at = nested.draw(POINTS)
    cells, xi = np.concatenate([cells, drawn]), np.vstack([xi, at])
    before = None
    for level in range(LEVELS):
        if level:
            nested, local = nested.refined()
            cells, xi = descend(2, cells, xi, local)
        T, steps, balance = solve(nested)
        found = (shapes(2, xi) * T[nested.nodes[:, cells]].T).sum(axis=1)
        change = np.inf if before is None else np.linalg.norm(found - before) / np.linalg.norm(found - WATER)
        probes = ", ".join(f"{v:.7f}" for v in found[: len(PROBES)])
        print(f"level {level}: {len(T)} unknowns, {steps} steps, T {probes} K, largest {T.max():.7f} K", flush=True)
        print(f"         change {change:.1e}, balance of heat {balance:.1e}", flush=True)
        before = found
    x = nested.places(cells, xi)
    rows = [f"{a:.16g},{b:.16g},{v:.12g}" for a, b, v in zip(*x[:, len(PROBES) :], found[len(PROBES) :])]
    (HERE / "two_materials.csv").write_text("\n".join(["x,y,value", *rows]) + "\n")


if __name__ == "__main__":
    main()
