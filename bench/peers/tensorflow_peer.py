"""TensorFlow: the training step, or the prediction, as a graph (tf.function), as a graph that XLA
compiles (jit_compile), and a compiled loop over all batches, which leaves no Python between the
steps."""

import functools
import math
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import tensorflow as tf

import tensorflow_models as models
from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


class State:
    """What a step changes, in variables."""

    def __init__(self, workload):
        def variables(weights):
            return {name: tf.Variable(w) for name, w in weights.items()}

        self.options, self.is_adam = workload.options, workload.optimizer != "sgd"
        self.trained, self.kept = variables(workload.trained), variables(workload.kept)
        zeros = {name: tf.zeros_like(w) for name, w in workload.trained.items()}
        self.slots = [variables(zeros) for _ in range(2 if self.is_adam else 1)]
        self.count = tf.Variable(0.0)

    def update(self, gradients):
        (self.adam if self.is_adam else self.sgd)(gradients)

    def sgd(self, gradients):
        rate, momentum = self.options["lr"], self.options.get("momentum")
        for (name, p), g in zip(self.trained.items(), gradients):
            if momentum is None:
                p.assign_sub(rate * g)
                continue
            tf.raw_ops.ResourceApplyMomentum(
                var=p.handle, accum=self.slots[0][name].handle, lr=rate, grad=g, momentum=momentum
            )

    def adam(self, gradients):
        """The operator would correct the moments with 1 - beta^count as a difference of f32, which
        is wrong by 2e-5: the rate and epsilon are given to it corrected, the powers as 0."""
        self.count.assign_add(1.0)
        correction1, correction2 = (
            -tf.math.expm1(self.count * math.log(beta)) for beta in (BETA1, BETA2)
        )
        root = tf.sqrt(correction2)
        rate, eps = self.options["lr"] * root / correction1, EPS * root
        decay = self.options["lr"] * self.options.get("weight_decay", 0.0)
        for (name, p), g in zip(self.trained.items(), gradients):
            if decay:
                p.assign(p * (1 - decay))
            m, v = (slot[name].handle for slot in self.slots)
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle, m=m, v=v, beta1_power=0.0, beta2_power=0.0, lr=rate, beta1=BETA1,
                beta2=BETA2, epsilon=eps, grad=tf.convert_to_tensor(g),
            )  # fmt: skip


def train(workload, state, in_loop, x, y):
    with tf.GradientTape() as tape:
        p = {**state.trained, **state.kept}
        p = {name: tf.convert_to_tensor(w) for name, w in p.items()}
        tape.watch([p[name] for name in state.trained])
        loss, kept = models.loss_of(workload.model, p, x, y, in_loop)
    gradients = tape.gradient(loss, [p[name] for name in state.trained])
    state.update(gradients)
    for name, new in kept.items():
        state.kept[name].assign(new)
    return loss


def data_of(workload):
    x = workload.x
    if x.ndim == 5:
        x = x.transpose(0, 1, 3, 4, 2)
    return [x] if workload.optimizer is None else [x, workload.y]


def step_of(workload, in_loop=False):
    if workload.optimizer is not None:
        return functools.partial(train, workload, State(workload), in_loop)
    weights = {name: tf.constant(w) for name, w in workload.trained.items()}
    return functools.partial(models.predict, workload.model, weights)


def by_batch(workload, in_loop=False, **options):
    """A call for each batch."""

    def start():
        step = tf.function(step_of(workload, in_loop), autograph=False, **options)
        batches = [tuple(map(tf.constant, batch)) for batch in zip(*data_of(workload))]
        step = step.get_concrete_function(*batches[0])

        def turn():
            return [result.numpy() for result in [step(*batch) for batch in batches]]

        return turn

    return start


def all_batches(workload):
    """One compiled call for all batches."""

    def start():
        step = step_of(workload)
        data = [tf.constant(values) for values in data_of(workload)]

        def loop(*data):
            shape = step(*(values[0] for values in data)).shape if not is_training else ()
            results = tf.TensorArray(tf.float32, len(workload.x), element_shape=shape)

            def body(k, results):
                return k + 1, results.write(k, step(*(values[k] for values in data)))

            def more(k, _):
                return k < len(workload.x)

            return tf.while_loop(more, body, (0, results))[1].stack()

        is_training = workload.optimizer is not None
        compiled = tf.function(loop, autograph=False, jit_compile=True)
        compiled = compiled.get_concrete_function(*data)
        return lambda: list(compiled(*data).numpy())

    return start


def variants(workload):
    tf.config.threading.set_intra_op_parallelism_threads(len(os.sched_getaffinity(0)))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    is_recurrent = workload.model == "char_lstm"  # XLA would compile its steps one by one
    found = {
        "graph": by_batch(workload),
        "jit": by_batch(workload, in_loop=is_recurrent, jit_compile=True),
    }
    if workload.model == "mlp":
        found["jit, loop"] = all_batches(workload)
    return found


serve(variants)
