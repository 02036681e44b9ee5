"""Draws a result of `pinn solve`: python3 results/picture.py RESULTS_DIR OUT.png

Elastic bodies are drawn deformed and coloured by von Mises stress, with the outline of the undeformed body in grey;
others are coloured by temperature. Problems on a line become a plot over x, with all frames of a transient one.
Needs pyvista (`pip install pyvista`), which brings the other packages.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyvista
from matplotlib import cm, colors, pyplot
from PIL import Image


def render(grid, values, cmap, undeformed):
    """The body alone, drawn by VTK and cut to its size: straight on in 2D, from the front and above in 3D."""
    flat = np.ptp(grid.points[:, 2]) == 0
    plotter = pyvista.Plotter(off_screen=True, window_size=(2000, 2000))
    plotter.background_color = "white"
    plotter.enable_anti_aliasing("ssaa")
    plotter.add_mesh(grid, scalars=values, cmap=cmap, lighting=False, clim=limits(values), show_scalar_bar=False)
    for body, color in ((undeformed, "gray"), (grid, "black")):
        surface = body.extract_surface(algorithm=None).clean(tolerance=1e-6)  # closes the seam of a full ring
        edges = surface.extract_feature_edges(feature_angle=40)
        if flat:
            edges.points[:, 2] += 1e-3 * grid.length  # in front of the body
        plotter.add_mesh(edges, color=color, line_width=5, lighting=False)
    plotter.view_vector((0, 0, 1) if flat else (2, -3, 1.3), (0, 1, 0) if flat else (0, 0, 1))
    plotter.enable_parallel_projection()
    image = plotter.screenshot()
    drawn = (image < 250).any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def limits(values):
    """The range of the colours: that of the values without the peaks of singular corners, or one per cent about a constant."""
    low, high = float(values.min()), peak(values)
    margin = 0.01 * max(abs(low), abs(high)) if high - low < 1e-6 * max(abs(low), abs(high)) else 0.0
    return low - margin, high + margin


def peak(values):
    """The largest value, or that of 99.5 % of the points where it is more than twice as large."""
    high, most = float(values.max()), float(np.quantile(values, 0.995))
    return most if high > 2 * most > 0 else high


def draw_body(grid, figure, axes):
    deformed = grid
    if "temperature" in grid.point_data:
        values, label, cmap = grid.point_data["temperature"], "temperature [K]", "plasma"
    else:
        values, label, cmap = grid.point_data["von_mises"], "von Mises stress [Pa]", "viridis"
        if values.max() >= 1e5:
            values, label = values * 1e-6, "von Mises stress [MPa]"
        largest = np.linalg.norm(grid["displacement"], axis=1).max() or 1.0
        factor = float(f"{0.08 * grid.length / largest:.2g}")
        deformed = grid.warp_by_vector("displacement", factor=factor)
        axes.set_xlabel(f"displacements × {factor:,g}")
    if "TimeValue" in grid.field_data:
        axes.set_xlabel(f"t = {grid.field_data['TimeValue'][0]:g} s")
    image = render(deformed, values, cmap, grid)
    axes.imshow(image, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    place = {"location": "bottom", "aspect": 40} if image.shape[1] > 2 * image.shape[0] else {"aspect": 15}
    scale = colors.Normalize(*limits(values))
    above = "max" if peak(values) < values.max() else "neither"
    figure.colorbar(cm.ScalarMappable(scale, cmap), ax=axes, label=label, shrink=0.8, extend=above, **place)


def draw_line(grid, folder, figure, axes):
    series = folder / "solution.pvd"
    if "displacement" in grid.point_data:
        axes.plot(grid.points[:, 0], grid.point_data["displacement"][:, 0])
    elif not series.exists():
        axes.plot(grid.points[:, 0], grid.point_data["temperature"])
    else:
        frames = list(ElementTree.parse(series).iter("DataSet"))
        colour = cm.ScalarMappable(colors.Normalize(0, float(frames[-1].get("timestep"))), "viridis")
        for entry in frames:
            frame = pyvista.read(folder / entry.get("file"))
            axes.plot(frame.points[:, 0], frame.point_data["temperature"], color=colour.to_rgba(float(entry.get("timestep"))))
        figure.colorbar(colour, ax=axes, label="time [s]", aspect=15)
    axes.set(xlabel="x [m]", ylabel="displacement [m]" if "displacement" in grid.point_data else "temperature [K]")
    axes.margins(x=0)
    axes.grid(alpha=0.3)


def main(folder, out):
    grid = pyvista.read(folder / "solution.vtu")
    pyplot.rcParams["font.size"] = 12
    on_line = np.ptp(grid.points[:, 1:]) == 0
    figure, axes = pyplot.subplots(figsize=(10, 5), dpi=100, layout="constrained" if on_line else "compressed")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.12)
    if on_line:
        draw_line(grid, folder, figure, axes)
    else:
        draw_body(grid, figure, axes)
    axes.set_title(bytes(grid.field_data["title"]).decode().rstrip("\0"), fontsize=15, pad=12)
    figure.savefig(out)
    with Image.open(out) as image:
        small = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    small.save(out, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
