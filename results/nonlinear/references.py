"""References of the nonlinear problems: checks every closed form against the problem file itself, and makes the tables.

    python3 results/nonlinear/references.py [--published allen_cahn.csv]

A closed form is put into the equation and the conditions as the file states them, by exact differentiation and 150 digits, at random
points: `equation` and `conditions` are the largest residuals there, relative to the sum of the absolute terms. Numbers in a file are
taken as exact decimals, so a residual of 1e-17 means that a constant was rounded to the digits of a double.

Tables: `radiating_fin.csv` by Chebyshev collocation and Newton's method, checked by shooting with Taylor series; `burgers.csv` and
`burgers_front.csv` by Cole and Hopf's transform, checked by adaptive quadrature with 40 digits and by the equation;
`allen_cahn_periodic.csv` by Fourier series and exponential time differencing (Cox & Matthews, J. Comput. Phys. 176 (2002) 430; Kassam
& Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214), with the values that others published in a file of columns x, u_t0, u_t0.1, ...
beside it. `two_materials.csv` is made by two_materials_fem.py.

Needs `pip install numpy sympy mpmath`; takes some two minutes.
"""

import argparse
import re
from pathlib import Path

import mpmath as mp
import numpy as np
import sympy as sp

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHIPPED = ["kirchhoff", "bratu", "allen_cahn", "radiating_fin", "burgers"]

# Problem files.


class Reader:
    """RON as Python values: text and numbers as str, lists, dicts, and (name, arguments) for `Name(...)`."""

    TOKEN = re.compile(r'//[^\n]*|"[^"]*"|[A-Za-z_]\w*|-?\d[\w.]*(?:(?<=[eE])[-+]\d+)?|[(){}\[\],:]')

    def __init__(self, text):
        self.tokens = [token for token in self.TOKEN.findall(text) if not token.startswith("//")]

    def value(self):
        token = self.tokens.pop(0)
        if token == "[":
            return self.items("]")
        if token in "({":
            return self.items(")" if token == "(" else "}")
        if self.tokens and self.tokens[0] == "(":
            self.tokens.pop(0)
            return token, self.items(")")
        return token.strip('"')

    def items(self, end):
        """What stands up to a bracket: a dict where the entries have names."""
        found, named = [], {}
        while self.tokens[0] != end:
            if self.tokens[1] == ":":
                name = self.tokens.pop(0).strip('"')
                self.tokens.pop(0)
                named[name] = self.value()
            else:
                found.append(self.value())
            if self.tokens[0] == ",":
                self.tokens.pop(0)
        self.tokens.pop(0)
        return named or found


x, y, t, T = sp.symbols("x y t T", real=True)


class Statement:
    """A problem file with a closed form, as expressions."""

    def __init__(self, path):
        _, self.file = Reader(path.read_text()).value()
        self.constants = self.file.get("constants") or {}
        kind, places = self.file["geometry"]
        self.kind, self.places = kind, places
        self.axes = [x] if kind == "Interval" else [x, y]
        reference = self.file.get("reference", ("", {}))
        self.exact = self.formula(reference[1]["value"]) if reference[0] == "Exact" else None
        self.end = self.formula(self.file["time"]) if "time" in self.file else None

    def formula(self, text):
        """An expression of x, y, t and T, every number an exact rational one."""
        exact = re.sub(r"(?<![\w.])(\d+\.?\d*(?:[eE][-+]?\d+)?)", r'Rational("\1")', text.replace("^", "**"))
        exact = re.sub(r"\blambda\b", "lambda_", exact)
        names = {name: getattr(sp, name) for name in ("sin", "cos", "sinh", "cosh", "tanh", "exp", "sqrt", "pi", "Rational")}
        names |= {"ln": sp.log, "x": x, "y": y, "t": t, "T": T}
        used = [name for name in self.constants if re.search(rf"\b{name}\b", text)]
        names |= {name.replace("lambda", "lambda_"): self.formula(self.constants[name]) for name in used}
        return sp.sympify(eval(exact, {"__builtins__": {}}, names))

    def at(self, text):
        """A formula with the closed form as T."""
        return self.formula(text).subs(T, self.exact)

    def flux(self, axis):
        """k dT/dx along an axis."""
        return self.at(self.file["equation"][1].get("conductivity", "1")) * sp.diff(self.exact, axis)

    def equation(self):
        """The terms whose sum vanishes."""
        given = self.file["equation"][1]
        capacity = self.at(given.get("capacity", "1"))
        terms = [sp.diff(self.flux(axis), axis) for axis in self.axes] + [self.at(given.get("source", "0"))]
        terms += [-capacity * self.at(v) * sp.diff(self.exact, axis) for v, axis in zip(given.get("velocity", []), self.axes)]
        return terms + ([-capacity * sp.diff(self.exact, t)] if self.end is not None else [])

    def bounds(self):
        if self.kind == "Disk":
            return [(-1, 1), (-1, 1)]
        low, high = self.places["min"], self.places["max"]
        if self.kind == "Interval":
            low, high = [low], [high]
        return [(self.formula(a), self.formula(b)) for a, b in zip(low, high)]

    def side(self, name):
        """Where a side is, as a substitution, and the flux that enters through it."""
        if self.kind == "Disk":
            angle = sp.symbols("angle")
            return {x: sp.cos(angle), y: sp.sin(angle)}, x * self.flux(x) + y * self.flux(y)
        axis = {"left": x, "right": x, "bottom": y, "top": y}[name]
        low, high = self.bounds()[self.axes.index(axis)]
        outward = name in ("right", "top")
        return {axis: high if outward else low}, (1 if outward else -1) * self.flux(axis)

    def conditions(self):
        """Pairs of what is and what is asked for, as terms."""
        for kind, given in self.file["conditions"]:
            if kind == "Initial":
                yield kind, [(self.exact - self.at(given["value"])).subs(t, 0)], self.exact.subs(t, 0)
            elif kind == "Mean":
                mean = self.exact
                for axis, (low, high) in zip(self.axes, self.bounds()):
                    mean = sp.integrate(mean, (axis, low, high)) / (high - low)
                yield kind, [mean - self.at(given["value"])], sp.Integer(1)
            else:
                names = given["on"] if isinstance(given["on"], list) else [given["on"]]
                for name in names:
                    where, entering = self.side(name)
                    if kind == "Value":
                        error, size = self.exact - self.at(given["value"]), sp.Integer(1)
                    elif kind == "Flux":
                        error, size = entering - self.at(given["value"]), sp.Integer(1)
                    else:
                        sigma = sp.Rational("5.670374419e-8")
                        zero = self.at(given["zero"])
                        absolute = [self.exact - zero, self.at(given["ambient"]) - zero]
                        leaving = self.at(given["emissivity"]) * sigma * (absolute[0] ** 4 - absolute[1] ** 4)
                        error, size = entering + leaving, leaving
                    yield f"{kind} {name}", [error.subs(where)], size.subs(where)


def largest(terms, size, ranges, random, count=20):
    """The largest sum of terms at random points, relative to the terms or to a size."""
    symbols = sorted({s for e in [*terms, size] for s in e.free_symbols}, key=str)
    value = sp.lambdify(symbols, [*terms, size], "mpmath")
    worst = mp.mpf(0)
    for _ in range(count if symbols else 1):
        point = [mp.mpf(random.uniform(*map(float, ranges.get(str(s), (0, 6.28))))) for s in symbols]
        *parts, scale = [mp.mpf(v) for v in value(*point)]
        scale = abs(scale) if len(parts) == 1 else sum(map(abs, parts))
        worst = max(worst, abs(mp.fsum(parts)) / (scale + mp.mpf(10) ** -300))
    return worst


def check(path):
    """Prints the residuals of a closed form."""
    problem = Statement(path)
    if problem.exact is None:
        return
    random = np.random.default_rng(0)
    ranges = {str(axis): bound for axis, bound in zip(problem.axes, problem.bounds())}
    if problem.end is not None:
        ranges["t"] = (0, problem.end)
    if problem.kind == "Disk":
        ranges = {"x": (-0.7, 0.7), "y": (-0.7, 0.7)}
    equation = largest(problem.equation(), sp.Integer(1), ranges, random)
    conditions = {name: largest(terms, size, ranges, random) for name, terms, size in problem.conditions()}
    print(f"{path.stem:26} equation {mp.nstr(equation, 2):>8}   conditions {mp.nstr(max(conditions.values()), 2):>8}")
    limit = mp.mpf("1e-15")
    assert equation < limit and max(conditions.values()) < limit, (path, conditions)


# Newton's method from the guess of a file, apart from the program: which branch does it end on?


def chebyshev(n):
    """Points on [-1, 1] and the matrix of the derivative (Trefethen, Spectral Methods in MATLAB, 2000, chapter 6)."""
    s = np.cos(np.pi * np.arange(n + 1) / n)
    c = np.r_[2, np.ones(n - 1), 2] * (-1) ** np.arange(n + 1)
    D = np.outer(c, 1 / c) / (s[:, None] - s[None] + np.eye(n + 1))
    return s, D - np.diag(D.sum(axis=1))


def branch(path):
    """Prints the steps of Newton's method for Bratu's problem, on a line or along a diameter, and the error at the end."""
    problem = Statement(path)
    lam = float(problem.formula(problem.constants["lambda"]))
    if problem.kind == "Disk":
        # An even function of r at an even number of points, none at r = 0: those with r > 0 tell the others.
        s, D = chebyshev(61)
        n = len(s) // 2
        L = D @ D + np.diag(1 / s) @ D
        L = L[:n, :n] + L[:n, : n - 1 : -1]
        place = s[:n]
        inner = slice(1, None)
    else:
        s, D = chebyshev(48)
        place, L, inner = (s + 1) / 2, 4 * D @ D, slice(1, -1)
    evaluate = lambda e: np.broadcast_to(sp.lambdify([x, y], e, "numpy")(place, 0 * place), place.shape).astype(float)
    exact = evaluate(problem.exact)
    u = evaluate(problem.formula(problem.file.get("initial_guess", {"value": "0"})["value"]))
    L, u, exact = L[inner, inner], u[inner], exact[inner]
    for step in range(1, 30):
        change = np.linalg.solve(L + np.diag(lam * np.exp(u)), -(L @ u + lam * np.exp(u)))
        u = u + change
        if abs(change).max() < 1e-11 * abs(u).max():
            break
    error = np.linalg.norm(u - exact) / np.linalg.norm(exact)
    print(f"{path.stem:26} Newton's method ends after {step} steps, {error:.1e} from the closed form")
    assert error < 1e-8, path


# Tables.


def write(name, columns, rows):
    lines = [",".join(f"{v:.16g}" for v in row) for row in rows]
    (HERE / name).write_text("\n".join([columns, *lines]) + "\n")
    print(f"{name:26} {len(lines)} points")


def radiating_fin():
    """T'' = F(T), T(0) = Tb, T'(L) = 0 by collocation; the first integral and shooting as checks."""
    c = {name: float(value) for name, value in Statement(ROOT / "problems/radiating_fin.ron").constants.items()}
    L, Ta, Tb, scale = c["L"], c["Ta"], c["Tb"], 2 / (c["k"] * c["d"])
    force = lambda v: scale * (c["h"] * (v - Ta) + c["eps"] * c["sigma"] * (v**4 - Ta**4))
    slope = lambda v: scale * (c["h"] + 4 * c["eps"] * c["sigma"] * v**3)
    s, D = chebyshev(40)
    place, D = L * (1 + s) / 2, D * 2 / L
    T = Tb - (Tb - 385) * place * (2 * L - place) / L**2
    for _ in range(20):
        residual, jacobian = D @ D @ T - force(T), D @ D - np.diag(slope(T))
        residual[0], jacobian[0] = D[0] @ T, D[0]
        residual[-1], jacobian[-1] = T[-1] - Tb, np.eye(len(s))[-1]
        change = np.linalg.solve(jacobian, -residual)
        T = T + change
        if abs(change).max() < 1e-11:
            break
    potential = lambda v: 2 * scale * (c["h"] * (v**2 / 2 - Ta * v) + c["eps"] * c["sigma"] * (v**5 / 5 - Ta**4 * v))
    integral = (D @ T) ** 2 - (potential(T) - potential(T[0]))
    print(f"{'radiating_fin':26} first integral holds to {abs(integral).max() / ((D @ T) ** 2).max():.1e}")

    # The same from the tip, 25 digits: T as a Taylor series in steps, the temperature of the tip by the secant method.
    with mp.workdps(25):
        right = lambda _, v: [v[1], force(v[0])]
        shoot = lambda tip: mp.odefun(right, 0, [tip, mp.mpf(0)])
        tip = mp.findroot(lambda tip: shoot(tip)(mp.mpf(L))[0] - Tb, (mp.mpf(T[0]), mp.mpf(T[0]) + mp.mpf("1e-3")), tol=1e-30)
        solution = shoot(tip)
        places = [mp.mpf(L) * i / 400 for i in range(401)]
        rows = [(mp.mpf(L) - p, solution(p)[0]) for p in places][::-1]
    fine = np.array([[float(v) for v in row] for row in rows])
    fine[:, 0] = np.clip(fine[:, 0], 0, L)
    weights = (-1.0) ** np.arange(len(s)) * np.r_[0.5, np.ones(len(s) - 2), 0.5]
    far = fine[:, 0][:, None] - place[None]
    far[far == 0] = 1e-300
    between = (weights / far) @ T / (weights / far).sum(axis=1)
    print(f"{'':26} collocation and shooting differ by {abs(between - fine[:, 1]).max():.1e} K")
    at = lambda part: fine[round(400 * part), 1]
    print(f"{'':26} T(L/4, L/2, L) = {at(0.25):.8f}, {at(0.5):.8f}, {at(1):.8f} K")
    write("radiating_fin.csv", "x,value", fine)


def cole_hopf(places, time, nu):
    """u(x, t) by the trapezoidal rule, whose error for such integrands falls faster than any power of the step."""
    real = np.longdouble
    pi, nu = real(mp.nstr(mp.pi, 25)), real(mp.nstr(nu, 25))
    z = np.arange(-2800, 2801) / real(200)
    start = places.astype(real)[:, None] - np.sqrt(4 * nu * real(time)) * z
    power = -np.cos(pi * start) / (2 * pi * nu) - z**2
    weight = np.exp(power - power.max(axis=1, keepdims=True))
    return -(np.sin(pi * start) * weight).sum(axis=1) / weight.sum(axis=1)


def cole_hopf_adaptive(place, time, nu):
    """The same by adaptive quadrature."""
    f = lambda z: mp.exp(-mp.cos(mp.pi * (place - 2 * mp.sqrt(nu * time) * z)) / (2 * mp.pi * nu) - z * z - 1 / (2 * mp.pi * nu))
    cuts = [mp.mpf(i) / 2 for i in range(-28, 29)]
    above = mp.quad(lambda z: mp.sin(mp.pi * (place - 2 * mp.sqrt(nu * time) * z)) * f(z), cuts)
    return -above / mp.quad(f, cuts)


def burgers(name, nu, half, times):
    """A table at places +-half and the instants; checks by the other quadrature and by the equation."""
    places = np.unique(np.r_[-half, half])
    rows = [(p, time, u) for time in times for p, u in zip(places, cole_hopf(places, time, nu).astype(float))]
    with mp.workdps(40):
        worst = equation = mp.mpf(0)
        for p, time in [("0.05", "0.5"), ("0.002", "1"), ("0.5", "0.25"), ("0.75", "1"), ("-0.004", "0.4")]:
            p, time = mp.mpf(p), mp.mpf(time)
            fast = float(cole_hopf(np.array([float(p)]), float(time), nu)[0])
            worst = max(worst, abs(cole_hopf_adaptive(p, time, nu) - fast))
            u = lambda p, time: cole_hopf_adaptive(p, time, nu)
            h = mp.mpf("1e-5")
            ux = (-u(p + 2 * h, time) + 8 * u(p + h, time) - 8 * u(p - h, time) + u(p - 2 * h, time)) / (12 * h)
            uxx = -u(p + 2 * h, time) + 16 * u(p + h, time) - 30 * u(p, time) + 16 * u(p - h, time) - u(p - 2 * h, time)
            ut = (-u(p, time + 2 * h) + 8 * u(p, time + h) - 8 * u(p, time - h) + u(p, time - 2 * h)) / (12 * h)
            parts = [ut, u(p, time) * ux, -nu * uxx / (12 * h * h)]
            equation = max(equation, abs(sum(parts)) / sum(map(abs, parts)))
        print(f"{name:26} two quadratures differ by {mp.nstr(worst, 2)}, equation by differences {mp.nstr(equation, 2)}")
    shown = np.array([0.05, 0.25, 0.5, 0.75])
    for time in (0.5, 1.0):
        print(f"{'':26} u(.05, .25, .5, .75; {time}) = " + ", ".join(f"{u:.8f}" for u in cole_hopf(shown, time, nu)))
    write(f"{name}.csv", "x,t,value", rows)


def phi(step, eigenvalues):
    """Coefficients of the scheme of fourth order, by means over a circle in the complex plane."""
    z = step * eigenvalues[:, None] + np.exp(1j * np.pi * (np.arange(1, 65) - 0.5) / 64)[None]
    mean = lambda f: step * f.mean(axis=1).real
    e = np.exp(z)
    return (
        mean((np.exp(z / 2) - 1) / z),
        mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
        mean((2 + z + e * (z - 2)) / z**3),
        mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
    )


def ring(count, steps):
    """Allen and Cahn's equation on a ring: values at t = 0.1, 0.2, ... 1 and 0.25, 0.75 by name of the time, on `count` places.

    The start is the Fourier series itself, cut off, not the interpolant: its slope jumps at x = 1, and sampling would shift that by O(1/count^2).
    """
    k = np.arange(count // 2 + 1)
    # c_k of x^2 cos(pi x): half of those of x^2 at k - 1 and k + 1, which are 2 (-1)^m/(pi m)^2, and 1/3 at m = 0.
    square = lambda m: np.where(m == 0, 1 / 3, 2.0 * (-1.0) ** m / (np.pi * np.where(m == 0, 1, m)) ** 2)
    shift = (-1.0) ** k  # places begin at x = -1
    v = count * shift * (square(k - 1) + square(k + 1)) / 2 + 0j
    D, step = 1e-4, 1 / steps
    eigenvalues = 5 - D * (np.pi * k) ** 2
    E, half = np.exp(step * eigenvalues), np.exp(step * eigenvalues / 2)
    q, f1, f2, f3 = phi(step, eigenvalues)

    def cube(v):
        """-5 u^3 without aliasing."""
        fine = np.fft.irfft(np.r_[v, np.zeros(count // 2)] * 2, 2 * count)
        return np.fft.rfft(-5 * fine**3)[: count // 2 + 1] / 2

    kept = {}
    for i in range(1, steps + 1):
        nv = cube(v)
        a = half * v + q * nv
        na = cube(a)
        b = half * v + q * na
        nb = cube(b)
        c = half * a + q * (2 * nb - nv)
        v = E * v + f1 * nv + 2 * f2 * (na + nb) + f3 * cube(c)
        for time in (0.1, 0.25, 0.5, 0.75, 1.0):
            if i == round(time * steps):
                kept[time] = np.fft.irfft(v, count)
    return kept


def allen_cahn_periodic(published):
    coarse, fine = ring(2048, 1000), ring(4096, 2000)
    change = max(abs(coarse[time] - fine[time][::2]).max() for time in fine)
    print(f"{'allen_cahn_periodic':26} changes by {change:.1e} from 2048 places, 1000 steps to 4096, 2000")
    at = lambda place, time: fine[time][round((place + 1) * 2048)]
    print(f"{'':26} u(-.25; .25, .5, .75, 1) = " + ", ".join(f"{at(-0.25, time):.6f}" for time in (0.25, 0.5, 0.75, 1.0)))
    print(f"{'':26} u(.5, 1) = {at(0.5, 1.0):.6f}, u(0, 1) = {at(0, 1.0):.6f}")
    if published:
        table = np.genfromtxt(published, delimiter=",", names=True, deletechars="")
        for time in fine:
            ours = np.array([at(p, time) for p in table["x"]])
            difference = abs(ours - table[f"u_t{time:g}"])
            print(f"{'':26} published at t = {time}: {difference.max():.1e} off at x = {table['x'][difference.argmax()]:g}")
    places = -1 + np.arange(0, 4096, 4) / 2048
    write("allen_cahn_periodic.csv", "x,t,value", [(p, time, at(p, time)) for time in fine for p in places])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path)
    options = parser.parse_args()
    mp.mp.dps = 150
    files = [ROOT / f"problems/{name}.ron" for name in SHIPPED] + sorted(HERE.glob("*.ron"))
    for path in files:
        check(path)
    for path in files:
        if "bratu" in path.stem and "trained" not in path.stem:
            branch(path)
    radiating_fin()
    burgers("burgers", mp.mpf("0.1"), np.arange(0, 101) / 100, np.arange(1, 21) / 20)
    # Near the front by 0.0004, elsewhere by 0.01.
    half = np.r_[np.arange(0, 50) * 4e-4, np.arange(2, 101) / 100]
    burgers("burgers_front", mp.mpf("0.01") / mp.pi, half, np.arange(1, 21) / 20)
    allen_cahn_periodic(options.published)


if __name__ == "__main__":
    main()
