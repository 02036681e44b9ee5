"""Milliseconds per step of forward jets written by hand in JAX and compiled: python3 jax_jets.py laplacian|elasticity2d POINTS

Value and gradient of the work of deepxde_step.py, without the update: what a user gets who writes the derivatives by hand.
"""

import sys
import time

import jax
import jax.numpy as jnp

physics, points = sys.argv[1], int(sys.argv[2])
m = 1 if physics == "laplacian" else 2
LAMBDA, MU = 1.0, 0.5
sizes = [2, 64, 64, 64, 64, m]
key = jax.random.PRNGKey(0)
params = []
for fan_in, fan_out in zip(sizes, sizes[1:]):
    key, own = jax.random.split(key)
    scale = (2 / (fan_in + fan_out)) ** 0.5
    params.append((jax.random.normal(own, (fan_in, fan_out)) * scale, jnp.zeros(fan_out)))
x = jax.random.uniform(key, (points, 2))


def jets(params, x):
    """Value, two first derivatives, and the Laplacian or the three second derivatives, stacked, `[K, n, m]`."""
    weights, bias = params[0]
    value = x @ weights + bias
    first = [jnp.broadcast_to(weights[j], value.shape) for j in range(2)]
    seconds = [jnp.zeros_like(value)] * (1 if m == 1 else 3)
    for weights, bias in params[1:]:
        t = jnp.tanh(value)
        s1 = 1 - t * t
        s2 = -2 * t * s1
        if m == 1:
            squares = [first[0] ** 2 + first[1] ** 2]
        else:
            squares = [first[0] ** 2, first[0] * first[1], first[1] ** 2]
        stacked = [t] + [s1 * d for d in first] + [s1 * h + s2 * q for h, q in zip(seconds, squares)]
        out = jnp.split(jnp.concatenate(stacked, 0) @ weights, len(stacked), 0)
        value, first, seconds = out[0] + bias, out[1:3], out[3:]
    return seconds


def loss(params):
    seconds = jets(params, x)
    if m == 1:
        residuals = [seconds[0][:, 0] + x[:, 0]]
    else:
        xx, xy, yy = seconds
        residuals = [
            (LAMBDA + 2 * MU) * xx[:, 0] + MU * yy[:, 0] + (LAMBDA + MU) * xy[:, 1] + x[:, 0],
            (LAMBDA + 2 * MU) * yy[:, 1] + MU * xx[:, 1] + (LAMBDA + MU) * xy[:, 0] + x[:, 0],
        ]
    return sum(jnp.mean(r**2) for r in residuals)


step = jax.jit(jax.value_and_grad(loss))
for _ in range(3):
    jax.block_until_ready(step(params))
best = float("inf")
for _ in range(3):
    steps = 0
    start = time.perf_counter()
    while steps < 5 or time.perf_counter() - start < 1.5:
        jax.block_until_ready(step(params))
        steps += 1
    best = min(best, (time.perf_counter() - start) / steps)
print(f"{best * 1e3:.4f}")
