"""The shipped meshes by finite elements: references for the problems on real parts, which have no exact solution.

    python3 results/real_parts_fem.py [NAME...] [--reference FILE] [--out results/real_parts_fem.csv]

Writes the values of all levels to `--out`, and for `bracket` and `heat_sink` the fields of the finest level at random points, uniform
in the domain, to `--out` with the name appended. `--reference` is a table of x, y and the field to compare `square_with_holes` with:
PINNacle's poisson1_cg_data.dat.

Method: P2 triangles and tetrahedra with quadratic geometry on the mesh of meshes/*.msh and on its uniform refinements. `refined` of
scikit-fem would straighten the edges; here new nodes lie on the quadratic map of the parent, so that all levels have the very domain of
the mesh file; quantities with `round` come from a second run whose new nodes on circles lie on the true circle. Stresses in the plane
are averaged at the nodes of P2 and interpolated with P2; in space, where meshes are coarser, they are those of quadratic polynomials
fitted to the gradient at the Gauss points nearby (Zienkiewicz & Zhu, Int. J. Numer. Methods Eng. 33 (1992) 1331).
`change` is the relative change by the last refinement, of displacements by the largest displacement, of stresses by the value, of
temperatures by the rise above ambient; `limit` is Aitken's extrapolation of three levels where they converge monotonically.
Needs `pip install scikit-fem pypardiso pyamg gmsh`.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from fem import lame, solve

MESHES = Path("meshes")


@dataclass
class Part:
    """A boundary-value problem on a mesh file.

    `law` has Lame's constants of elastic parts, or the conductivity per region. `fixed` gives (component, value) per boundary, `load`
    the traction or heat flux into the part, `film` coefficient and ambient temperature. `probes` are points by the quantity that is
    asked for there; `extremes` are (quantity, boundary or None) whose largest absolute values are asked for.
    """

    law: tuple | dict
    fixed: dict = field(default_factory=dict)
    load: dict = field(default_factory=dict)
    film: dict = field(default_factory=dict)
    probes: dict = field(default_factory=dict)
    extremes: list = field(default_factory=list)
    ambient: float = 0.0
    levels: int = 3
    samples: int = 0
    # Centre and radius of boundaries that are arcs of circles, in the plane.
    circles: dict = field(default_factory=dict)


PARTS = {
    # Steel; 600 N downwards at the end of the shelf.
    "bracket": Part(
        law=lame(210e9, 0.3),
        fixed={"bolt_holes": [(0, 0), (1, 0), (2, 0)]},
        load={"load": (0.0, 0.0, -1e6)},
        probes={
            "u": [
                (0.03, 0.08, 0.005),
                (0.0, 0.08, 0.0),
                (0.06, 0.08, 0.01),
                (0.03, 0.04, 0.005),
                (0.01, 0.06, 0.009),
                (0.03, 0.005, 0.005),
                (0.03, 0.005, 0.078),
                (0.005, 0.005, 0.03),
            ],
            # The first three 1 mm below the fillet.
            "von_mises": [
                (0.03, 0.0128, 0.0128),
                (0.01, 0.0128, 0.0128),
                (0.03, 0.0175, 0.0098),
                (0.03, 0.025, 0.001),
                (0.03, 0.03, 0.009),
                (0.045, 0.05, 0.009),
                (0.03, 0.004, 0.004),
                (0.03, 0.001, 0.03),
                (0.03, 0.009, 0.03),
                (0.008, 0.009, 0.028),
            ],
        },
        extremes=[("u", None), ("von_mises", "fillet")],
        samples=2000,
    ),
    "heat_sink": Part(
        law={"copper": 400.0, "aluminium": 200.0},
        load={"bottom": (2e4,)},
        film={"air": (50.0, 293.0)},
        ambient=293.0,
        probes={
            "T": [
                (0.013, 0.0),
                (0.0, 0.0),
                (0.013, 0.005),
                (0.026, 0.005),
                (0.004, 0.006),
                (0.001, 0.017),
                (0.001, 0.027),
                (0.013, 0.017),
                (0.013, 0.027),
            ],
        },
        extremes=[("T", None), ("lowest T", None)],
        levels=4,
        samples=500,
    ),
    # Aluminium; the left end clamped, 4 kN per metre of thickness downwards at the right end.
    "notched_beam": Part(
        law=lame(70e9, 0.33, True),
        fixed={"left": [(0, 0), (1, 0)]},
        load={"right": (0.0, -1e5)},
        probes={
            "u": [(0.1, 0.02), (0.1, 0.0), (0.1, 0.04), (0.0, 0.025)],
            "sxx": [(0.0, 0.01), (0.0, 0.012), (0.0, 0.038), (-0.05, 0.035), (-0.05, 0.005), (0.05, 0.035)],
        },
        extremes=[("u", None), ("sxx", "notch")],
        levels=4,
        circles={"notch": ((0.0, 0.006), 0.004)},
    ),
    # A quarter of a square plate pulled on two opposite sides, mirror planes on the left and at the bottom.
    "plate_with_hole": Part(
        law=lame(70e9, 0.33, True),
        fixed={"left": [(0, 0)], "bottom": [(1, 0)]},
        load={"right": (1e6, 0.0)},
        probes={
            "u": [(0.04, 0.0), (0.04, 0.04), (0.01, 0.0), (0.0, 0.01), (0.0, 0.04)],
            "sxx": [(0.0, 0.01), (0.0, 0.015), (0.0, 0.04), (0.02, 0.02), (0.02, 0.0)],
            "syy": [(0.01, 0.0)],
        },
        extremes=[("u", None), ("sxx", "hole")],
        levels=5,
        circles={"hole": ((0.0, 0.0), 0.01)},
    ),
    "square_with_holes": Part(
        law={"domain": 1.0},
        fixed={"outer": [(0, 1)], "holes": [(0, 0)]},
        probes={"T": [(0.0, 0.0), (0.0, 0.3), (-0.45, -0.45), (0.15, 0.15)]},
        levels=4,
    ),
}


# Meshes with quadratic geometry.


class Nested:
    """A mesh with its named boundaries and regions; `refined` keeps its domain.

    Corners of cells are sorted by their numbers. The nodes of a mesh are the corners of the next finer one.
    """

    def __init__(self, corners, cells, middle, boundaries, regions):
        """`middle` gives the middle nodes of edges, (edges, cells, d), in scikit-fem's order of edges."""
        from skfem import MeshTet, MeshTet2, MeshTri, MeshTri2

        self.d = corners.shape[0]
        straight, kind = (MeshTri, MeshTri2) if self.d == 2 else (MeshTet, MeshTet2)
        cells = np.ascontiguousarray(cells)
        self.mesh = kind.from_mesh(straight(np.ascontiguousarray(corners), cells))
        assert (self.mesh.t == cells).all()
        self.mesh.doflocs[:, self.mesh.dofs.element_dofs[self.d + 1 :]] = np.moveaxis(middle, -1, 0)
        self.regions = regions
        # Facets by their sorted corners.
        found = self.key(self.mesh.facets)
        order = np.argsort(found)
        self.named = {}
        for name, facets in boundaries.items():
            place = np.searchsorted(found, self.key(facets), sorter=order)
            self.named[name] = order[place]
            assert (found[self.named[name]] == self.key(facets)).all()
        self.mesh = self.mesh.with_boundaries(self.named)

    def key(self, facets):
        facets = np.sort(facets, axis=0).astype(np.int64)
        key = facets[0]
        for row in facets[1:]:
            key = key * self.mesh.doflocs.shape[1] + row
        return key

    def snap(self, circles):
        """Moves the middle nodes of arcs to the circle."""
        for name, (centre, radius) in circles.items():
            here = self.mesh.nvertices + self.named[name]
            away = self.mesh.doflocs[:, here] - np.array(centre)[:, None]
            r = np.hypot(*away)
            on = np.abs(r / radius - 1) < 1e-3
            self.mesh.doflocs[:, here[on]] = np.array(centre)[:, None] + away[:, on] * radius / r[on]

    @property
    def nodes(self):
        """Numbers of the nodes of cells, (nodes, cells)."""
        return self.mesh.dofs.element_dofs

    def halves(self, ends):
        """Middle nodes of edges in space."""
        found = self.key(self.mesh.edges)
        order = np.argsort(found)
        return self.mesh.nvertices + order[np.searchsorted(found, self.key(ends), sorter=order)]

    def refined(self):
        """The mesh with each cell cut into 4 or 8, and which corners of it they have, (cells, children, corners)."""
        mesh, edges = self.mesh, EDGES[self.d]
        p = mesh.doflocs[:, self.nodes]  # (d, nodes, cells)
        corner = {edge: self.d + 1 + k for k, edge in enumerate(edges)}
        at = lambda i, j: i if i == j else corner[min(i, j), max(i, j)]
        ends = range(self.d + 1)
        tips = [[at(i, j) for j in ends] for i in ends]
        if self.d == 2:
            local = np.broadcast_to(np.array(tips + [[3, 4, 5]]), (mesh.nelements, 4, 3))
        else:
            # The octahedron in the middle is cut along its shortest diagonal.
            pairs = [(at(0, 1), at(2, 3)), (at(1, 2), at(0, 3)), (at(0, 2), at(1, 3))]
            choices, lengths = [], []
            for k, (a, b) in enumerate(pairs):
                (r0, r2), (r1, r3) = pairs[k - 1], pairs[k - 2]
                ring = [r0, r1, r2, r3]
                choices.append(tips + [[a, b, ring[m], ring[(m + 1) % 4]] for m in range(4)])
                lengths.append(((p[:, a] - p[:, b]) ** 2).sum(axis=0))
            local = np.array(choices)[np.argmin(lengths, axis=0)]
        numbers = np.take_along_axis(self.nodes.T[:, None, :], local, axis=2)
        order = np.argsort(numbers, axis=2)
        numbers = np.take_along_axis(numbers, order, axis=2)
        local = np.take_along_axis(local, order, axis=2)

        halfway = shapes(self.d, (LATTICE[self.d][:, None] + LATTICE[self.d][None]) / 2)  # (nodes, nodes, shapes)
        middle = []
        for i, j in edges:
            weights = halfway[local[..., i], local[..., j]]
            middle.append(np.einsum("ecn,dne->ecd", weights, p).reshape(-1, self.d))

        boundaries = {}
        for name, facets in self.named.items():
            v = mesh.facets[:, facets]
            if self.d == 2:
                m = mesh.nvertices + facets
                boundaries[name] = np.hstack([[v[0], m], [v[1], m]])
            else:
                a, b, c = self.halves(v[[0, 1]]), self.halves(v[[1, 2]]), self.halves(v[[0, 2]])
                boundaries[name] = np.hstack([[v[0], a, c], [v[1], a, b], [v[2], b, c], [a, b, c]])
        children = local.shape[1]
        cells = numbers.reshape(-1, self.d + 1).T
        fine = Nested(
            mesh.doflocs, cells, np.array(middle), boundaries, {n: spread(r, children) for n, r in self.regions.items()}
        )
        return fine, local

    def places(self, cells, xi):
        """Coordinates, (d, points), of points of reference cells."""
        return np.einsum("pn,dnp->dp", shapes(self.d, xi), self.mesh.doflocs[:, self.nodes[:, cells]])

    def find(self, points):
        """Cells of points and the reference coordinates there, by Newton's method."""
        p = self.mesh.doflocs[:, self.nodes]
        low, high = p.min(axis=1), p.max(axis=1)
        slack = 0.1 * (high - low)
        cells, xis = [], []
        for x in np.asarray(points, dtype=float):
            near = np.flatnonzero(((low - slack <= x[:, None]) & (x[:, None] <= high + slack)).all(axis=0))
            xi = np.full((len(near), self.d), 1 / (self.d + 1))
            for _ in range(8):
                jacobian = np.einsum("end,ine->eid", slopes(self.d, xi), p[:, :, near])
                rest = x - self.places(near, xi).T
                xi = xi + np.linalg.solve(jacobian, rest[..., None])[..., 0]
            inside = np.minimum(xi.min(axis=1), 1 - xi.sum(axis=1))
            best = np.argmax(inside)
            if inside[best] < -2e-2:
                sys.exit(f"{x} is outside of the mesh")
            cells.append(near[best])
            xis.append(xi[best])
        return np.array(cells), np.array(xis)

    def draw(self, count):
        """Random points: cells by their size, then uniform in the reference cell."""
        random = np.random.default_rng(0)
        p = self.mesh.doflocs[:, self.nodes[: self.d + 1]]
        size = np.abs(np.linalg.det(np.moveaxis(p[:, 1:] - p[:, :1], -1, 0)))
        cells = np.sort(random.choice(len(size), count, p=size / size.sum()))
        return cells, random.dirichlet(np.ones(self.d + 1), count)[:, 1:]


# Corners and edges of the reference cell as scikit-fem has them.
EDGES = {2: [(0, 1), (1, 2), (0, 2)], 3: [(0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3)]}
CORNERS = {d: np.vstack([np.zeros(d), np.eye(d)]) for d in (2, 3)}
LATTICE = {d: np.vstack([CORNERS[d], [(CORNERS[d][i] + CORNERS[d][j]) / 2 for i, j in EDGES[d]]]) for d in (2, 3)}


def shapes(d, xi):
    """Quadratic shape functions at points (..., d)."""
    b = np.concatenate([1 - xi.sum(axis=-1, keepdims=True), xi], axis=-1)
    ends = b * (2 * b - 1)
    return np.concatenate([ends, np.stack([4 * b[..., i] * b[..., j] for i, j in EDGES[d]], axis=-1)], axis=-1)


def slopes(d, xi):
    """Their derivatives, (..., shapes, d)."""
    b = np.concatenate([1 - xi.sum(axis=-1, keepdims=True), xi], axis=-1)[..., None]
    db = np.vstack([-np.ones(d), np.eye(d)])
    ends = (4 * b - 1) * db
    return np.concatenate(
        [ends, np.stack([4 * (b[..., i, :] * db[j] + b[..., j, :] * db[i]) for i, j in EDGES[d]], axis=-2)], axis=-2
    )


def spread(cells, children):
    return (cells[:, None] * children + np.arange(children)).ravel()


def descend(d, cells, xi, local):
    """The children that points are in, and where in them."""
    corners = LATTICE[d][local[cells]]  # (points, children, corners, d)
    edges = np.swapaxes(corners[:, :, 1:] - corners[:, :, :1], 2, 3)
    new = np.linalg.solve(edges, (xi[:, None] - corners[:, :, 0])[..., None])[..., 0]
    child = np.argmax(np.minimum(new.min(axis=2), 1 - new.sum(axis=2)), axis=1)
    return cells * local.shape[1] + child, new[np.arange(len(cells)), child]


def read(name):
    """The mesh file, with straight edges where it has no middle nodes."""
    import gmsh

    gmsh.initialize()
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.open(str(MESHES / f"{name}.msh"))
    api = gmsh.model.mesh
    d = gmsh.model.getDimension()
    tags, x, _ = api.getNodes()
    where = np.zeros(int(tags.max()) + 1, dtype=int)
    where[tags] = np.arange(len(tags))
    x = x.reshape(-1, 3)[:, :d].T

    def elements(dim, group):
        """Nodes of the elements of a group."""
        parts = []
        for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, group):
            kinds, _, nodes = api.getElements(dim, entity)
            parts += [where[n].reshape(-1, api.getElementProperties(k)[3]) for k, n in zip(kinds, nodes)]
        return np.vstack(parts)

    groups = {(dim, gmsh.model.getPhysicalName(dim, tag)): elements(dim, tag) for dim, tag in gmsh.model.getPhysicalGroups()}
    gmsh.finalize()
    cells, regions, count = [], {}, 0
    for (dim, group), nodes in groups.items():
        if dim == d:
            cells.append(nodes)
            regions[group] = np.arange(count, count + len(nodes))
            count += len(nodes)
    cells = np.vstack(cells)
    ends = cells[:, : d + 1]
    # Gmsh's order of edges.
    edges = {2: [(0, 1), (1, 2), (0, 2)], 3: [(0, 1), (1, 2), (0, 2), (0, 3), (2, 3), (1, 3)]}[d]
    key = lambda a, b: np.minimum(a, b) * x.shape[1] + np.maximum(a, b)
    keys = np.concatenate([key(ends[:, i], ends[:, j]) for i, j in edges])
    if cells.shape[1] > d + 1:
        middles = np.concatenate([x[:, cells[:, d + 1 + k]] for k in range(len(edges))], axis=1)
    else:
        middles = np.concatenate([(x[:, ends[:, i]] + x[:, ends[:, j]]) / 2 for i, j in edges], axis=1)
    keys, first = np.unique(keys, return_index=True)
    sort = np.sort(ends, axis=1)
    middle = [middles[:, first[np.searchsorted(keys, key(sort[:, i], sort[:, j]))]].T for i, j in EDGES[d]]
    # Corners only.
    used = np.unique(sort)
    new = np.zeros(x.shape[1], dtype=int)
    new[used] = np.arange(len(used))
    boundaries = {group: new[nodes[:, :d].T] for (dim, group), nodes in groups.items() if dim == d - 1}
    return Nested(x[:, used], new[sort].T, np.array(middle), boundaries, regions)


# Finite elements.


def assemble(part, nested):
    """Matrix, right-hand side, places of a component's dofs, prescribed dofs and their values."""
    import scipy.sparse as sp
    from skfem import Basis, BilinearForm, ElementTetP2, ElementTriP2, FacetBasis, LinearForm
    from skfem.helpers import dot, grad

    mesh, element = nested.mesh, (ElementTriP2 if nested.d == 2 else ElementTetP2)()
    n = mesh.doflocs.shape[1]
    if isinstance(part.law, dict):
        m = 1
        conductivity = np.zeros(mesh.nelements)
        for region, k in part.law.items():
            conductivity[nested.regions[region]] = k
        basis = Basis(mesh, element, intorder=4)
        matrix = BilinearForm(lambda u, v, w: w.k * dot(grad(u), grad(v))).assemble(
            basis, k=conductivity[:, None] * np.ones(basis.dx.shape)
        )
    else:
        m = nested.d
        la, mu = part.law
        basis = Basis(mesh, element, intorder=4)
        # D_ij = integral of dv/dx_i du/dx_j; the others follow by symmetry.
        D = {}
        for i in range(m):
            for j in range(i, m):
                D[i, j] = BilinearForm(lambda u, v, w: grad(v)[i] * grad(u)[j]).assemble(basis)
                D[j, i] = D[i, j].T.tocsr()
        laplace = sum(D[i, i] for i in range(m))
        blocks = [[la * D[i, j] + mu * D[j, i] + (i == j) * mu * laplace for j in range(m)] for i in range(m)]
        matrix = sp.block_array(blocks, format="csr")
    right = np.zeros((m, n))
    side = lambda name: FacetBasis(mesh, element, facets=mesh.boundaries[name], intorder=5)
    for name, load in part.load.items():
        ones = LinearForm(lambda v, w: v).assemble(side(name))
        for c in range(m):
            right[c] += load[c] * ones
    for name, (h, ambient) in part.film.items():
        here = side(name)
        matrix = matrix + h * BilinearForm(lambda u, v, w: u * v).assemble(here)
        right[0] += h * ambient * LinearForm(lambda v, w: v).assemble(here)
    prescribed = {}
    for name, entries in part.fixed.items():
        here = basis.get_dofs(mesh.boundaries[name]).all()
        for c, value in entries:
            prescribed |= dict.fromkeys((here + c * n).tolist(), value)
    fixed = np.array(sorted(prescribed), dtype=int)
    return matrix, right.ravel(), mesh.doflocs, fixed, np.array([prescribed[i] for i in fixed.tolist()], dtype=float)


def by_name(part, grad):
    """Components of stress and von Mises' from the gradient, (d, d, ...)."""
    la, mu = part.law
    d = len(grad)
    s = np.zeros((3, 3, *grad.shape[2:]))
    s[:d, :d] = mu * (grad + grad.swapaxes(0, 1))
    for i in range(d):
        s[i, i] += la * np.trace(grad)
    names = {f"s{'xyz'[i]}{'xyz'[j]}": s[i, j] for i in range(d) for j in range(i, d)}
    deviator = s - np.trace(s) / 3 * np.eye(3).reshape(3, 3, *[1] * (s.ndim - 2))
    return names | {"von_mises": np.sqrt(1.5 * (deviator**2).sum(axis=(0, 1)))}


def fitted(nested, u, x, count=60):
    """Gradient at points (d, points) of u: quadratic polynomials fitted to it at the nearest Gauss points of the cells."""
    from itertools import combinations_with_replacement

    from scipy.spatial import cKDTree
    from skfem import Basis, ElementTetP2, ElementTriP2

    d = nested.d
    basis = Basis(nested.mesh, (ElementTriP2 if d == 2 else ElementTetP2)(), intorder=2)
    places = np.array(basis.global_coordinates()).reshape(d, -1)
    grads = np.array([np.asarray(basis.interpolate(c).grad).reshape(d, -1) for c in u])
    far, near = cKDTree(places.T).query(x.T, k=count)
    size = far[:, -1:]
    weight = np.exp(-2 * (far / size) ** 2)
    xi = (places[:, near] - x[:, :, None]) / size
    powers = [p for order in range(3) for p in combinations_with_replacement(range(d), order)]
    terms = np.stack([np.prod([xi[c] for c in p], axis=0) if p else np.ones_like(xi[0]) for p in powers], axis=-1)
    inverse = np.linalg.pinv(terms * weight[..., None])[:, 0]
    return np.einsum("pn,ijpn->ijp", inverse * weight, grads[:, :, near])


def stresses(part, nested, u):
    """Components of stress at the nodes, averaged over the cells there."""
    from skfem import Basis, ElementTetP2, ElementTriP2

    d, mesh = nested.d, nested.mesh
    basis = Basis(mesh, (ElementTriP2 if d == 2 else ElementTetP2)(), quadrature=(LATTICE[d].T, np.ones(len(LATTICE[d]))))
    nodes = nested.nodes.T.ravel()
    times = np.bincount(nodes)
    parts = [np.asarray(basis.interpolate(c).grad) for c in u]
    return by_name(part, np.array([[np.bincount(nodes, weights=g.ravel()) / times for g in grad] for grad in parts]))


def study(name, part, reference, arcs=False):
    """Values of all levels, and the fields at random points of the finest level; `arcs` for true circles."""
    from skfem import Basis, ElementTetP2, ElementTriP2

    nested = read(name)
    if arcs:
        nested.snap(part.circles)
    d, elastic = nested.d, not isinstance(part.law, dict)
    probes = [(quantity, x) for quantity, xs in part.probes.items() for x in xs]
    probes += [("T", x[:2]) for x in reference]
    cells, xi = nested.find([x for _, x in probes])
    drawn, at = nested.draw(part.samples)
    cells, xi = np.concatenate([cells, drawn]), np.vstack([xi, at])
    table, seconds = {}, []
    for level in range(part.levels):
        if level:
            nested, local = nested.refined()
            cells, xi = descend(d, cells, xi, local)
            if arcs:
                nested.snap(part.circles)
        mesh = nested.mesh
        begin = time.time()
        matrix, right, places, fixed, values = assemble(part, nested)
        flat = solve(mesh, matrix, right, places, fixed, values)
        seconds.append(time.time() - begin)
        u = flat.reshape(-1, mesh.doflocs.shape[1])
        if elastic:
            fields = {f"u{'xyz'[i]}": u[i] for i in range(d)} | {"u": np.linalg.norm(u, axis=0)}
            if d == 2:
                fields |= stresses(part, nested, u)
            components = {"u": [f"u{c}" for c in "xyz"[:d]]}
        else:
            fields, components = {"T": u[0]}, {}
        weights = shapes(d, xi)
        found = {q: (weights * f[nested.nodes[:, cells]].T).sum(axis=1) for q, f in fields.items()}
        place = nested.places(cells, xi)
        if elastic and d == 3:
            found |= by_name(part, fitted(nested, u, place))

        put = lambda quantity, where, value: table.setdefault((quantity, where), []).append(float(value))
        put("dofs", "", len(flat))
        put("seconds", "", seconds[-1])
        basis = Basis(mesh, (ElementTriP2 if d == 2 else ElementTetP2)(), intorder=4)
        put("volume" if d == 3 else "area", "", basis.dx.sum())
        if elastic:
            put("strain energy", "", 0.5 * flat @ (matrix @ flat))
        for quantity, boundary in part.extremes:
            here = np.arange(u.shape[1]) if boundary is None else basis.get_dofs(mesh.boundaries[boundary]).all()
            lowest = quantity.startswith("lowest ")
            if quantity == "von_mises" and d == 3:
                f = by_name(part, fitted(nested, u, mesh.doflocs[:, here]))[quantity]
            else:
                f = fields[quantity.removeprefix("lowest ")][here]
            best = np.argmin(f) if lowest else np.argmax(np.abs(f))
            put(quantity if lowest else f"largest {quantity}", f"on {boundary}" if boundary else "", f[best])
            print(f"# {name} level {level}: {quantity} {f[best]:.6g} at {mesh.doflocs[:, here[best]]}", flush=True)
        for k, (quantity, x) in enumerate(probes[: len(probes) - len(reference)]):
            for component in components.get(quantity, [quantity]):
                put(component, " ".join(f"{c:g}" for c in x), found[component][k])
        if level == part.levels - 2:
            before = found
        print(f"# {name} level {level}: {mesh.nelements} cells, {len(flat)} dofs, {seconds[-1]:.1f} s", flush=True)

    # The last refinement's change of the fields at the random points.
    here = slice(len(probes), None)
    sample = {q: f[here] for q, f in found.items()}
    place = place[:, here]
    if part.samples:
        norm = lambda f: np.sqrt((f**2).sum())
        gone = lambda q: (found[q] - before[q])[here]
        if elastic:
            far = distance(place) > 0.012
            by = {"u": norm(np.array([gone(c) for c in components["u"]])) / norm(sample["u"])}
            by["von_mises"] = norm(gone("von_mises")) / norm(sample["von_mises"])
            by["von_mises far"] = norm(gone("von_mises")[far]) / norm(sample["von_mises"][far])
            columns, extra = [*components["u"], "von_mises"], {"far": far.astype(int)}
        else:
            rise = sample["T"] - part.ambient
            by = {"T by its rise": norm(gone("T")) / norm(rise), "T by its variation": norm(gone("T")) / norm(rise - rise.mean())}
            columns, extra = ["T"], {}
        for quantity, value in by.items():
            table["L2 change of " + quantity, "random points"] = [float(value)]
        rows = [",".join(["x", "y", "z"][:d] + columns + list(extra))]
        for k in range(part.samples):
            numbers = [*place[:, k], *(sample[c][k] for c in columns)]
            rows.append(",".join([f"{v:.7g}" for v in numbers] + [str(v[k]) for v in extra.values()]))
    else:
        rows = []
    if reference:
        given = np.array([x[2] for x in reference])
        error = found["T"][len(probes) - len(reference) : len(probes)] - given
        print(
            f"# {name}: {len(given)} points of the reference: L2 {np.linalg.norm(error) / np.linalg.norm(given):.2e}, largest {np.abs(error).max():.2e}"
        )
    return table, rows


def distance(x):
    """From the bolt holes of the bracket."""
    across = np.min([np.abs(np.hypot(x[0] - c, x[2] - 0.052) - 0.006) for c in (0.014, 0.046)], axis=0)
    return np.hypot(across, np.maximum(x[1] - 0.01, 0))


def lines(name, part, table):
    """The table as text."""
    result = []
    size = max((abs(v[-1]) for (q, _), v in table.items() if q.startswith("largest u")), default=1)
    for (quantity, where), values in table.items():
        change = limit = ""
        if quantity == "dofs":
            text = [f"{v:.0f}" for v in values]
        elif quantity == "seconds":
            text = [f"{v:.1f}" for v in values]
        elif len(values) == 1:
            text, change = [], f"{values[0]:.1e}"
        else:
            text = [f"{v:.7g}" for v in values]
            scale = size if quantity in ("ux", "uy", "uz") else abs(values[-1] - part.ambient * quantity.endswith("T"))
            change = f"{abs(values[-1] - values[-2]) / max(scale, 1e-300):.1e}"
            a, b, c = values[-3:]
            if (c - b) * (b - a) > 0 and abs(c - b) < 0.7 * abs(b - a):
                limit = f"{c - (c - b) ** 2 / ((c - b) - (b - a)):.7g}"
        result.append(",".join([name, quantity, where, *[""] * (5 - len(text)), *text, change, limit]))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/real_parts_fem.csv"))
    options = parser.parse_args()
    # Levels end at the finest one.
    text = ["part,quantity,where,finest-4,finest-3,finest-2,finest-1,finest,change,limit"]
    print(text[0])
    for name in options.names or PARTS:
        if name not in PARTS:
            sys.exit(f"unknown part `{name}`; known are {', '.join(PARTS)}")
        reference = []
        if name == "square_with_holes" and options.reference:
            reference = [tuple(x) for x in np.loadtxt(options.reference, comments="%")]
        part = PARTS[name]
        table, rows = study(name, part, reference)
        if part.circles:
            again, _ = study(name, part, [], arcs=True)
            table |= {
                (f"{q} round", where): v for (q, where), v in again.items() if q.startswith(("s", "largest s")) and q != "seconds"
            }
        found = lines(name, part, table)
        print("\n".join(found), flush=True)
        text += found
        if rows:
            options.out.with_name(f"{options.out.stem}_{name}.csv").write_text("\n".join(rows) + "\n")
    options.out.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
