"""JAX: the training step under jit, called for each batch, and a jitted scan over all batches,
which leaves no Python between the steps."""

import jax
import jax.numpy as jnp

from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def loss_of(parameters, x, y):
    """parameters: W1, b1, W2, b2, …"""
    for k in range(0, len(parameters), 2):
        x = x @ parameters[k].T + parameters[k + 1]
        if k + 2 < len(parameters):
            x = jax.nn.relu(x)
    if x.shape[1] == 1:
        return jnp.mean((x[:, 0] - y) ** 2)
    picked = jnp.take_along_axis(x, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(x, axis=1) - picked)


def sgd(rate, state, x, y):
    (parameters,) = state
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
    return ([p - rate * g for p, g in zip(parameters, gradients)],), loss


def adam(rate, state, x, y):
    parameters, first, second, count = state
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
    count = count + 1
    first = [BETA1 * m + (1 - BETA1) * g for m, g in zip(first, gradients)]
    second = [BETA2 * v + (1 - BETA2) * g**2 for v, g in zip(second, gradients)]
    correction1, correction2 = 1 - BETA1**count, 1 - BETA2**count
    parameters = [
        p - rate * (m / correction1) / (jnp.sqrt(v / correction2) + EPS)
        for p, m, v in zip(parameters, first, second)
    ]
    return (parameters, first, second, count), loss


def variants(workload):
    is_adam = workload.optimizer == "adam"
    xs = jnp.array(workload.x)
    ys = jnp.array(workload.y if workload.is_regression else workload.y.astype("int32"))
    batches = list(zip(list(xs), list(ys)))
    update = adam if is_adam else sgd

    def step(state, x, y):
        return update(workload.rate, state, x, y)

    one = jax.jit(step, donate_argnums=0)
    scan = jax.jit(
        lambda state, x, y: jax.lax.scan(lambda s, xy: step(s, *xy), state, (x, y)),
        donate_argnums=0,
    )

    def fresh():
        parameters = [jnp.array(w) for w in workload.weights]
        if not is_adam:
            return (parameters,)
        return (
            parameters,
            [0 * p for p in parameters],
            [0 * p for p in parameters],
            jnp.float32(0),
        )

    def start_jit():
        state = fresh()

        def turn():
            nonlocal state
            losses = []
            for x, y in batches:
                state, loss = one(state, x, y)
                losses.append(loss)
            jax.block_until_ready(state)
            return losses

        return turn

    def start_scan():
        state = fresh()

        def turn():
            nonlocal state
            state, losses = scan(state, xs, ys)
            return jax.block_until_ready(losses)

        return turn

    return {"jit": start_jit, "jit, scan": start_scan}


serve(variants)
