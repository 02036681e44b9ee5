"""Milliseconds per Adam step of DeepXDE: DDE_BACKEND=pytorch|jax python3 deepxde_step.py laplacian|elasticity2d POINTS

The work is that of benches/step.rs: one network 2→64×4→m with tanh in f32, the residual at POINTS points, no boundary terms (the
condition would be a factor of the output), value and gradient; and the update of Adam, which DeepXDE does not leave out.
"""

import sys
import time

import deepxde as dde

physics, points = sys.argv[1], int(sys.argv[2])
pytorch = dde.backend.backend_name == "pytorch"
if pytorch:
    import torch

    torch.set_num_threads(len(__import__("os").sched_getaffinity(0)))
LAMBDA, MU = 1.0, 0.5


def second(y, x, c, i, j):
    found = dde.grad.hessian(y, x, component=c, i=i, j=j)
    return found if pytorch else found[0]


def laplacian(x, y):
    return second(y, x, 0, 0, 0) + second(y, x, 0, 1, 1) + x[:, 0:1]


def elasticity(x, y):
    def component(c):
        own, other = second(y, x, c, c, c), second(y, x, c, 1 - c, 1 - c)
        return (LAMBDA + 2 * MU) * own + MU * other + (LAMBDA + MU) * second(y, x, 1 - c, 0, 1) + x[:, 0:1]

    return [component(0), component(1)]


m = 1 if physics == "laplacian" else 2
domain = dde.geometry.Rectangle([0, 0], [1, 1])
data = dde.data.PDE(domain, laplacian if m == 1 else elasticity, [], num_domain=points)
model = dde.Model(data, dde.nn.FNN([2] + [64] * 4 + [m], "tanh", "Glorot uniform"))
model.compile("adam", lr=1e-3)
model.train(iterations=10, display_every=10**9, verbose=0)
best = float("inf")
for _ in range(3):
    steps = 0
    start = time.perf_counter()
    while steps < 10 or time.perf_counter() - start < 2.0:
        model.train(iterations=10, display_every=10**9, verbose=0)
        steps += 10
    best = min(best, (time.perf_counter() - start) / steps)
print(f"{best * 1e3:.4f}")
