"""Milliseconds per Adam step of jinns: python3 jinns_step.py laplacian|elasticity2d POINTS

The work is that of deepxde_step.py, by the operators that jinns recommends for networks like this one; the points are drawn once.
"""

import sys
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import jinns
import optax

physics, points = sys.argv[1], int(sys.argv[2])
m = 1 if physics == "laplacian" else 2
LAMBDA, MU = 1.0, 0.5


class Laplacian(jinns.loss.PDEStatio):
    def equation(self, x, u, params):
        return jnp.atleast_1d(jinns.loss.laplacian_rev(x, u, params) + x[0])


class Elasticity(jinns.loss.PDEStatio):
    def equation(self, x, u, params):
        h = jax.hessian(lambda x: u(x, params))(x)

        def component(c):
            other = 1 - c
            return (LAMBDA + 2 * MU) * h[c, c, c] + MU * h[c, other, other] + (LAMBDA + MU) * h[other, 0, 1] + x[0]

        return jnp.stack([component(0), component(1)])


key = jax.random.PRNGKey(0)
layers = [(eqx.nn.Linear, 2, 64), (jax.nn.tanh,)]
for _ in range(3):
    layers += [(eqx.nn.Linear, 64, 64), (jax.nn.tanh,)]
layers += [(eqx.nn.Linear, 64, m)]
u, initial = jinns.nn.PINN_MLP.create(key=key, eqx_list=tuple(layers), eq_type="PDEStatio")
params = jinns.parameters.Params(nn_params=initial, eq_params=None)
loss = jinns.loss.LossPDEStatio(
    u=u,
    dynamic_loss=(Laplacian if m == 1 else Elasticity)(),
    loss_weights=jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0),
    params=params,
)
data = jinns.data.CubicMeshPDEStatio(
    key=key, n=points, nb=None, omega_batch_size=None, dim=2, min_pts=(0, 0), max_pts=(1, 1), method="uniform"
)


def seconds(steps):
    """Wall time of a run; jinns compiles in each, which the difference of two runs takes out."""
    start = time.perf_counter()
    out = jinns.solve(
        n_iter=steps,
        init_params=params,
        data=data,
        loss=loss,
        optimizer=optax.adam(1e-3),
        print_loss_every=10**9,
        verbose=False,
    )
    jax.block_until_ready(out[1])
    return time.perf_counter() - start


few, many = (20, 220) if points <= 2048 else (5, 45)
seconds(2)
best = min((seconds(many) - seconds(few)) / (many - few) for _ in range(3))
print(f"{best * 1e3:.4f}")
