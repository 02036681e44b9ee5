"""Opens results of `pinn solve` with VTK's own reader, and with meshio where it is installed, and checks them:
check_vtk.py RESULTS_DIR...

Prints one line per folder, then how many passed; exits with 1 if any failed or none was given.
"""

import math
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

try:
    from vtkmodules.vtkCommonCore import vtkOutputWindow, vtkStringOutputWindow
    from vtkmodules.vtkFiltersGeneral import vtkWarpVector
    from vtkmodules.vtkFiltersVerdict import vtkCellSizeFilter
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader
except ImportError:
    print("skipped: Python's vtk package is not installed")
    sys.exit(0)

try:
    import meshio
except ImportError:
    meshio = None
    print("Python's meshio is not installed: VTK's reader alone checks the files")

# What measures a cell, by VTK's number of its kind: lines, triangles and quads, tetrahedra, hexahedra and wedges of either order.
SIZES = {3: "Length", 21: "Length"} | dict.fromkeys((5, 9, 22, 23, 28), "Area") | dict.fromkeys((10, 12, 13, 24, 25, 26, 29, 32), "Volume")
ELASTICITY = {"displacement": 3, "stress": 6, "principal_stress": 3, "von_mises": 1, "strain": 6, "strain_energy_density": 1}
DIFFUSION = {"temperature": 1, "heat_flux": 3}


def require(condition, message):
    if not condition:
        raise ValueError(message)


def run(step):
    """Runs a reader or filter; whatever VTK reports on the way counts as a failure."""
    messages = vtkStringOutputWindow()
    vtkOutputWindow.SetInstance(messages)
    step.Update()
    require(not messages.GetOutput(), "VTK reports: " + " ".join(messages.GetOutput().split()))
    return step.GetOutput()


def tuples(array):
    return [array.GetTuple(i) for i in range(array.GetNumberOfTuples())]


def strings(grid, name):
    """Texts of the field data, which are stored as their bytes, each ended by a zero."""
    array = grid.GetFieldData().GetArray(name)
    require(array is not None and array.IsA("vtkUnsignedCharArray"), f"no texts {name} in the field data")
    codes = bytes(array.GetValue(i) for i in range(array.GetNumberOfValues()))
    require(codes.endswith(b"\0"), f"the texts {name} do not end with a zero")
    return codes[:-1].decode("utf-8").split("\0")


def check_values(data, materials, count):
    """Checks names, sizes and values of the fields at points or in cells; returns their tuples."""
    arrays = {data.GetArrayName(i): data.GetArray(i) for i in range(data.GetNumberOfArrays())}
    arrays.pop("region", None)
    expected = (ELASTICITY if "displacement" in arrays else DIFFUSION) | {"residual": 1} | ({"material": 1} if materials else {})
    found = {name: array.GetNumberOfComponents() for name, array in arrays.items()}
    require(found in (expected, expected | {"error": 1}), f"arrays {found} instead of {expected}")
    values = {name: tuples(array) for name, array in arrays.items()}
    for name, rows in values.items():
        finite = all(math.isfinite(v) for row in rows for v in row)
        require(finite and len(rows) == count, f"{len(rows)} tuples in {name}, finite: {finite}")
    return values


def check_arrays(grid, materials):
    values = check_values(grid.GetPointData(), materials, grid.GetNumberOfPoints())
    cells = check_values(grid.GetCellData(), materials, grid.GetNumberOfCells())
    require(values.keys() == cells.keys(), f"fields {list(cells)} in cells, {list(values)} at points")
    require(any(strings(grid, "title")), "no title")
    units = dict(text.split(" [") for text in strings(grid, "units"))
    closed = all(unit.endswith("]") for unit in units.values())
    require(closed and units.pop("points") == "m]" and units.keys() == values.keys(), f"units {units}")
    regions = grid.GetCellData().GetArray("region")
    names = strings(grid, "regions") if materials else []
    numbers = {int(number) for (number,) in tuples(regions)}
    require(names[len(numbers):] == [] and (not materials or numbers == set(range(len(names)))), f"regions {numbers} of {names}")
    return values, cells


def check_stress(values):
    """Principal stresses, von Mises stress and energy against stress and strain."""
    largest = max(abs(v) for row in values["principal_stress"] for v in row)
    energies = [energy for (energy,) in values["strain_energy_density"]]
    most = max(map(abs, energies))
    rows = zip(values["stress"], values["strain"], values["principal_stress"], values["von_mises"], energies)
    for stress, strain, principal, (given,), energy in rows:
        (xx, yy, zz, xy, yz, xz), (first, second, third) = stress, principal
        mises = math.sqrt(((xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2) / 2 + 3 * (xy**2 + yz**2 + xz**2))
        require(abs(given - mises) <= 1e-9 * largest, f"von_mises is {given}, by stress it is {mises}")
        mises = math.sqrt(((first - second) ** 2 + (second - third) ** 2 + (third - first) ** 2) / 2)
        require(abs(given - mises) <= 1e-9 * largest, f"von_mises is {given}, by principal stresses it is {mises}")
        require(first >= second >= third, f"principal stresses {principal} are not in order")
        gap = sum(principal) - (xx + yy + zz)
        require(abs(gap) <= 1e-9 * largest, f"principal stresses add up to {sum(principal)}, normal ones to {xx + yy + zz}")
        product = sum(s * e for s, e in zip(stress[:3], strain)) / 2 + sum(s * e for s, e in zip(stress[3:], strain[3:]))
        require(abs(energy - product) <= 1e-9 * most, f"strain_energy_density is {energy}, by stress and strain it is {product}")


def check_warp(grid, values):
    warp = vtkWarpVector()
    warp.SetInputData(grid)
    warp.SetInputArrayToProcess(0, 0, 0, 0, "displacement")
    moved = tuples(run(warp).GetPoints().GetData())
    for old, u, new in zip(tuples(grid.GetPoints().GetData()), values["displacement"], moved):
        gap = math.dist([a + b for a, b in zip(old, u)], new)
        require(gap <= 1e-12 * grid.GetLength(), f"Warp By Vector moves {old} to {new}")


def check_meshio(path, grid):
    """meshio must see the same points, cells and fields."""
    try:
        mesh = meshio.read(path)
    except SystemExit:
        raise ValueError("meshio cannot read the file") from None
    count = sum(len(block.data) for block in mesh.cells)
    found = len(mesh.points), count
    require(found == (grid.GetNumberOfPoints(), grid.GetNumberOfCells()), f"meshio sees {found} points and cells")
    for own, data in ((mesh.point_data, grid.GetPointData()), (mesh.cell_data, grid.GetCellData())):
        names = {data.GetArrayName(i) for i in range(data.GetNumberOfArrays())}
        require(own.keys() == names, f"meshio sees the fields {list(own)} of {sorted(names)}")
        for name in names:
            values = own[name] if own is mesh.point_data else [row for block in own[name] for row in block]
            same = all(math.isclose(a, b) for row, other in zip(values, tuples(data.GetArray(name))) for a, b in zip(flat(row), other))
            require(same, f"meshio reads other values of {name}")


def flat(row):
    return row if hasattr(row, "__len__") else (row,)


def check_file(path, transient, materials):
    """Checks one .vtu; returns its numbers of points and cells and its time."""
    reader, sizes = vtkXMLUnstructuredGridReader(), vtkCellSizeFilter()
    reader.SetFileName(str(path))
    grid = run(reader)
    if meshio:
        check_meshio(path, grid)
    kinds = {grid.GetCellType(i) for i in range(grid.GetNumberOfCells())}
    require(len(kinds) == 1 and kinds <= SIZES.keys(), f"cell types {sorted(kinds)}")
    sizes.SetInputData(grid)
    cells = tuples(run(sizes).GetCellData().GetArray(SIZES[kinds.pop()]))
    require(min(cells)[0] > 1e-12 * max(cells)[0], f"cell sizes from {min(cells)} to {max(cells)}")
    values, inside = check_arrays(grid, materials)
    if "displacement" in values:
        check_stress(values)
        check_stress(inside)
        check_warp(grid, values)
    time = grid.GetFieldData().GetArray("TimeValue")
    require((time is not None) == transient, "TimeValue missing" if transient else "TimeValue, but no time")
    return grid.GetNumberOfPoints(), len(cells), time.GetValue(0) if transient else None


def check_folder(folder):
    problem = (folder / "problem.ron").read_text("utf-8")
    transient = "time: None," not in problem
    materials = bool(re.search(r"^    materials: \{$", problem, re.MULTILINE))
    points, cells, end = check_file(folder / "solution.vtu", transient, materials)
    series = ElementTree.parse(folder / "solution.pvd").iter("DataSet") if transient else ()
    frames = [(float(entry.get("timestep")), entry.get("file")) for entry in series]
    for time, name in frames:
        found = check_file(folder / name, True, materials)
        require(found == (points, cells, time), f"{name}: points, cells and time are {found}")
    times = sorted({time for time, _ in frames})
    require(len(times) == len(frames) and times[-1:] == [end] * transient, f"frames {frames} up to {end}")
    return f"{points} points, {cells} cells, {len(frames)} frames"


failed = 0
for argument in sys.argv[1:]:
    try:
        print("ok", argument, check_folder(Path(argument)))
    except (KeyError, ValueError, OSError, ElementTree.ParseError) as error:
        failed += 1
        print("failed", argument, error)
print(f"{len(sys.argv) - 1 - failed} passed, {failed} failed")
sys.exit(failed > 0 or len(sys.argv) == 1)
