"""JAX: the training step, or the prediction, under jit, called for each batch, and a jitted scan
over all batches, which leaves no Python between the steps."""

import functools
import math

import jax
import jax.numpy as jnp

import jax_models
from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def sgd(options, p, gradients, slots, count):
    if "momentum" not in options:
        return {name: p[name] - options["lr"] * g for name, g in gradients.items()}, slots
    (v,) = slots
    v = {name: options["momentum"] * v[name] + g for name, g in gradients.items()}
    return {name: p[name] - options["lr"] * v[name] for name in p}, (v,)


def adam(options, p, gradients, slots, count):
    first, second = slots
    keep = 1 - options["lr"] * options.get("weight_decay", 0.0)
    first = {name: BETA1 * first[name] + (1 - BETA1) * g for name, g in gradients.items()}
    second = {name: BETA2 * second[name] + (1 - BETA2) * g**2 for name, g in gradients.items()}
    # 1 - beta^count: as a difference of f32 the second would be wrong by 2e-5.
    correction1, correction2 = (-jnp.expm1(count * math.log(beta)) for beta in (BETA1, BETA2))

    def moved(name):
        root = jnp.sqrt(second[name] / correction2) + EPS
        return keep * p[name] - options["lr"] * (first[name] / correction1) / root

    return {name: moved(name) for name in p}, (first, second)


def train(workload, state, batch):
    """state: (trained, kept, slots of the optimizer, steps done)."""
    trained, kept, slots, count = state

    def loss(p):
        return jax_models.loss_of(workload.model, {**p, **kept}, *batch)

    (value, kept), gradients = jax.value_and_grad(loss, has_aux=True)(trained)
    update = sgd if workload.optimizer == "sgd" else adam
    trained, slots = update(workload.options, trained, gradients, slots, count + 1)
    return (trained, kept, slots, count + 1), value


def start_state(workload):
    def tensors():
        return {name: jnp.array(w) for name, w in workload.trained.items()}

    n_slots = "momentum" in workload.options if workload.optimizer == "sgd" else 2
    slots = tuple(jax.tree.map(jnp.zeros_like, tensors()) for _ in range(n_slots))
    kept = {name: jnp.array(w) for name, w in workload.kept.items()}
    return tensors(), kept, slots, jnp.float32(0)


def variants(workload):
    xs = workload.x.transpose(0, 1, 3, 4, 2) if workload.x.ndim == 5 else workload.x
    data = [jnp.array(xs)]
    if workload.optimizer is not None:
        data.append(jnp.array(workload.y))
        step = functools.partial(train, workload)
        fresh = functools.partial(start_state, workload)
    else:
        weights = {name: jnp.array(w) for name, w in workload.trained.items()}

        def step(state, batch):
            return state, jax_models.predict(workload.model, weights, *batch)

        def fresh():
            return ()

    batches = list(zip(*map(list, data)))
    one = jax.jit(step, donate_argnums=0)
    scan = jax.jit(lambda state, data: jax.lax.scan(step, state, data), donate_argnums=0)

    def start_jit():
        state = fresh()

        def turn():
            nonlocal state
            results = []
            for batch in batches:
                state, result = one(state, batch)
                results.append(result)
            jax.block_until_ready((state, results))
            return results

        return turn

    def start_scan():
        state = fresh()

        def turn():
            nonlocal state
            state, results = scan(state, tuple(data))
            return jax.block_until_ready(results)

        return turn

    if workload.x.ndim == 5:  # XLA's convolutions are 5 to 30 times slower within a loop
        return {"jit": start_jit}
    return {"jit": start_jit, "jit, scan": start_scan}


serve(variants)
