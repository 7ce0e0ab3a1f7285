"""The workloads' models in TensorFlow. p: a model's tensors by the names that they have in its
.dag, packed as peer.py says. A model returns its logits and the new values of what it keeps between
steps. Images are [batch, rows, columns, channels], the only layout with gradients on a CPU."""

import tensorflow as tf


def dense(p, name, x):
    return tf.matmul(x, p[name + ".W"], transpose_b=True) + p[name + ".b"]


def mlp(p, x):
    last = max(int(name[len("dense") : -len(".W")]) for name in p if name.endswith(".W"))
    for k in range(1, last):
        x = tf.nn.relu(dense(p, f"dense{k}", x))
    return dense(p, f"dense{last}", x), {}


def convolve(x, kernel, stride=1, pad=0):
    kernel = tf.transpose(kernel, (2, 3, 1, 0))
    pads = [(0, 0), (pad, pad), (pad, pad), (0, 0)]
    return tf.nn.conv2d(x, kernel, stride, pads)


def lenet(p, x):
    x = tf.nn.relu(convolve(x, p["conv2d1.K"], pad=2) + p["conv2d1.b"])
    x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.nn.relu(convolve(x, p["conv2d2.K"]) + p["conv2d2.b"])
    x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return mlp(p, tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (x.shape[0], -1)))


def lstm_cell(p, state, u):
    h, c = state
    z = u + tf.matmul(h, p["lstm1.Wh"], transpose_b=True)
    i, f, g, o = tf.split(z, 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def lstm(p, x, in_loop):
    """x: [T, B, embedded]; the steps in a loop, or unrolled."""
    u = tf.matmul(x, p["lstm1.Wx"], transpose_b=True) + p["lstm1.b"]
    zero = tf.zeros((x.shape[1], p["lstm1.Wh"].shape[1]))
    if in_loop:
        return tf.scan(lambda state, u: lstm_cell(p, state, u), u, (zero, zero))[0]
    state, states = (zero, zero), []
    for step in tf.unstack(u):
        state = lstm_cell(p, state, step)
        states.append(state[0])
    return tf.stack(states)


def char_lstm(p, x, in_loop):
    h = lstm(p, tf.gather(p["embedding1.E"], tf.transpose(x)), in_loop)
    return dense(p, "dense1", tf.transpose(h, (1, 0, 2))), {}


def layer_norm(p, name, x):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    gain, bias = p[name + ".gain"], p[name + ".bias"]
    return tf.nn.batch_normalization(x, mean, variance, bias, gain, 1e-5)


def attention(p, name, x, heads):
    batch, steps, width = x.shape
    qkv = tf.matmul(x, p[name + ".Wqkv"], transpose_b=True) + p[name + ".bqkv"]
    qkv = tf.reshape(qkv, (batch, steps, 3, heads, width // heads))
    q, k, v = tf.unstack(tf.transpose(qkv, (2, 0, 3, 1, 4)))
    s = tf.matmul(q, k, transpose_b=True) * (width // heads) ** -0.5
    s = tf.where(tf.linalg.band_part(tf.ones((steps, steps)), -1, 0) > 0, s, -1e30)
    o = tf.transpose(tf.matmul(tf.nn.softmax(s), v), (0, 2, 1, 3))
    o = tf.reshape(o, (batch, steps, width))
    return tf.matmul(o, p[name + ".Wo"], transpose_b=True) + p[name + ".bo"]


def gpt(p, x, layers=4, heads=4):
    h = tf.gather(p["embedding1.E"], x) + p["position"]
    for k in range(layers):
        block = f"transformer_block1[{k}]"
        h = h + attention(p, block + ".attention_", layer_norm(p, block + ".norm1", h), heads)
        z = dense(p, block + ".grow", layer_norm(p, block + ".norm2", h))
        h = h + dense(p, block + ".shrink", tf.nn.gelu(z))
    return dense(p, "dense1", layer_norm(p, "layer_norm1", h)), {}


def resnet(p, x):
    kept = {}

    def convolve_norm(scope, k, x, stride=1):
        """Convolution k of a scope without a bias, and its batch norm, whose variance comes with
        n - 1."""
        kernel, norm = p[f"{scope}conv2d{k}.K"], f"{scope}batch_norm{k}."
        x = convolve(x, kernel, stride, kernel.shape[-1] // 2)
        x, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=p[norm + "gain"], offset=p[norm + "bias"], mean=[], variance=[],
            epsilon=1e-5, is_training=True,
        )  # fmt: skip
        for name, new in (("running_mean", mean), ("running_var", variance)):
            kept[norm + name] = 0.9 * p[norm + name] + 0.1 * tf.stop_gradient(new)
        return x

    h = tf.nn.relu(convolve_norm("", 1, x))
    for k in range(1, 10):
        scope, stride = f"block{k}.", 2 if k in (4, 7) else 1
        z = tf.nn.relu(convolve_norm(scope, 1, h, stride))
        z = convolve_norm(scope, 2, z)
        h = tf.nn.relu(z + (h if stride == 1 else convolve_norm(scope, 3, h, stride)))
    return dense(p, "dense1", tf.reduce_mean(h, (1, 2))), kept


MODELS = {"mlp": mlp, "lenet": lenet, "gpt": gpt, "resnet": resnet}


def logits_of(model, p, x, in_loop):
    return char_lstm(p, x, in_loop) if model == "char_lstm" else MODELS[model](p, x)


def loss_of(model, p, x, y, in_loop=False):
    """The loss, and what the model keeps. in_loop: how the steps of a recurrence run."""
    z, kept = logits_of(model, p, x, in_loop)
    if z.shape[-1] == 1:
        return tf.reduce_mean((z[:, 0] - y) ** 2), kept
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)), kept


def predict(model, p, x):
    return tf.nn.softmax(logits_of(model, p, x, False)[0])
