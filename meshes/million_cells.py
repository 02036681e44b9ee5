"""Writes a box of 1 053 696 tetrahedra as a binary Gmsh 4.1 file, to measure how fast meshes are read.

    python meshes/million_cells.py /tmp/million.msh [cells per edge, 56]
"""
import itertools
import struct
import sys

import numpy as np

path, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 56
grid = np.indices((n + 1,) * 3).reshape(3, -1).T[:, ::-1]
number = lambda at: (at @ [1, n + 1, (n + 1) ** 2] + 1).astype("<u8")
low = np.indices((n,) * 3).reshape(3, -1).T
# Kuhn's six tetrahedra per cube: one path along the axes for each permutation of them.
tets, sides = [], {axis: [] for axis in range(6)}
for axes in itertools.permutations(range(3)):
    corners = [low]
    for axis in axes:
        corners.append(corners[-1] + np.eye(3, dtype=int)[axis])
    odd = np.linalg.det(np.eye(3)[list(axes)]) < 0
    order = [0, 2, 1, 3] if odd else [0, 1, 2, 3]
    tets.append(np.stack([number(corners[i]) for i in order], 1))
    # The facet without the first corner lies on a high side, that without the last on a low one.
    high_side, low_side = axes[0], axes[2]
    at = low[:, high_side] == n - 1
    sides[2 * high_side + 1].append(np.stack([number(corners[i][at]) for i in (1, 2, 3)], 1))
    at = low[:, low_side] == 0
    sides[2 * low_side].append(np.stack([number(corners[i][at]) for i in (0, 1, 2)], 1))
tets = np.concatenate(tets)
sides = [np.concatenate(sides[axis]) for axis in range(6)]
names = ["left", "right", "front", "back", "bottom", "top"]
box = struct.pack("<6d", 0, 0, 0, 1, 1, 1)

with open(path, "wb") as out:
    out.write(b"$MeshFormat\n4.1 1 8\n" + struct.pack("<i", 1) + b"\n$EndMeshFormat\n$PhysicalNames\n7\n")
    for tag, name in enumerate(names, 1):
        out.write(f'2 {tag} "{name}"\n'.encode())
    out.write(b'3 7 "box"\n$EndPhysicalNames\n$Entities\n' + struct.pack("<4Q", 0, 0, 6, 1))
    for tag in range(1, 7):
        out.write(struct.pack("<i", tag) + box + struct.pack("<QiQ", 1, tag, 0))
    out.write(struct.pack("<i", 1) + box + struct.pack("<QiQ", 1, 7, 0) + b"\n$EndEntities\n$Nodes\n")
    out.write(struct.pack("<4Q", 1, len(grid), 1, len(grid)) + struct.pack("<3iQ", 3, 1, 0, len(grid)))
    out.write(np.arange(1, len(grid) + 1, dtype="<u8").tobytes() + (grid / n).astype("<f8").tobytes())
    total = len(tets) + sum(map(len, sides))
    out.write(b"\n$EndNodes\n$Elements\n" + struct.pack("<4Q", 7, total, 1, total))
    first = 1
    for dimension, tag, kind, cells in [(2, t + 1, 2, s) for t, s in enumerate(sides)] + [(3, 1, 4, tets)]:
        out.write(struct.pack("<3iQ", dimension, tag, kind, len(cells)))
        numbers = np.arange(first, first + len(cells), dtype="<u8")[:, None]
        out.write(np.hstack([numbers, cells]).astype("<u8").tobytes())
        first += len(cells)
    out.write(b"\n$EndElements\n")
