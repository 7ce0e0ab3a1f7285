"""The workloads' models in JAX. p: a model's tensors by the names that they have in its .dag,
packed as peer.py says. A model returns its logits and the new values of what it keeps between
steps. Images are [batch, rows, columns, channels], which XLA is faster with."""

import jax
import jax.numpy as jnp


def dense(p, name, x):
    return x @ p[name + ".W"].T + p[name + ".b"]


def mlp(p, x):
    last = max(int(name[len("dense") : -len(".W")]) for name in p if name.endswith(".W"))
    for k in range(1, last):
        x = jax.nn.relu(dense(p, f"dense{k}", x))
    return dense(p, f"dense{last}", x), {}


def convolve(x, kernel, stride=1, pad=0):
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "OIHW", "NHWC")
    )


def relu_pool(x):
    batch, rows, columns, channels = x.shape
    return jax.nn.relu(x).reshape(batch, rows // 2, 2, columns // 2, 2, channels).max((2, 4))


def lenet(p, x):
    x = relu_pool(convolve(x, p["conv2d1.K"], pad=2) + p["conv2d1.b"])
    x = relu_pool(convolve(x, p["conv2d2.K"]) + p["conv2d2.b"])
    return mlp(p, x.transpose(0, 3, 1, 2).reshape(len(x), -1))


def char_lstm(p, x):
    def step(state, u):
        h, c = state
        i, f, g, o = jnp.split(u + h @ p["lstm1.Wh"].T, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    u = p["embedding1.E"][x.T] @ p["lstm1.Wx"].T + p["lstm1.b"]
    zero = jnp.zeros((len(x), p["lstm1.Wh"].shape[1]))
    return dense(p, "dense1", jax.lax.scan(step, (zero, zero), u)[1].swapaxes(0, 1)), {}


def layer_norm(p, name, x):
    x = x - x.mean(-1, keepdims=True)
    x = x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    return x * p[name + ".gain"] + p[name + ".bias"]


def attention(p, name, x, heads):
    batch, steps, width = x.shape
    qkv = x @ p[name + ".Wqkv"].T + p[name + ".bqkv"]
    q, k, v = qkv.reshape(batch, steps, 3, heads, -1).transpose(2, 0, 3, 1, 4)
    s = q @ k.swapaxes(2, 3) / (width // heads) ** 0.5
    s = jnp.where(jnp.tril(jnp.ones((steps, steps), bool)), s, -jnp.inf)
    o = (jax.nn.softmax(s) @ v).swapaxes(1, 2).reshape(batch, steps, width)
    return o @ p[name + ".Wo"].T + p[name + ".bo"]


def gpt(p, x, layers=4, heads=4):
    h = p["embedding1.E"][x] + p["position"]
    for k in range(layers):
        block = f"transformer_block1[{k}]"
        h = h + attention(p, block + ".attention_", layer_norm(p, block + ".norm1", h), heads)
        z = dense(p, block + ".grow", layer_norm(p, block + ".norm2", h))
        h = h + dense(p, block + ".shrink", jax.nn.gelu(z, approximate=False))
    return dense(p, "dense1", layer_norm(p, "layer_norm1", h)), {}


def resnet(p, x):
    kept = {}

    def convolve_norm(scope, k, x, stride=1):
        """Convolution k of a scope without a bias, and its batch norm."""
        kernel, norm = p[f"{scope}conv2d{k}.K"], f"{scope}batch_norm{k}."
        x = convolve(x, kernel, stride, kernel.shape[-1] // 2)
        count = x.size // x.shape[-1]
        mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
        for name, new in (("running_mean", mean), ("running_var", var * count / (count - 1))):
            kept[norm + name] = 0.9 * p[norm + name] + 0.1 * jax.lax.stop_gradient(new)
        return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * p[norm + "gain"]) + p[norm + "bias"]

    h = jax.nn.relu(convolve_norm("", 1, x))
    for k in range(1, 10):
        scope, stride = f"block{k}.", 2 if k in (4, 7) else 1
        z = jax.nn.relu(convolve_norm(scope, 1, h, stride))
        z = convolve_norm(scope, 2, z)
        h = jax.nn.relu(z + (h if stride == 1 else convolve_norm(scope, 3, h, stride)))
    return dense(p, "dense1", h.mean((1, 2))), kept


MODELS = {"mlp": mlp, "lenet": lenet, "char_lstm": char_lstm, "gpt": gpt, "resnet": resnet}


def loss_of(model, p, x, y):
    """The loss, and what the model keeps."""
    z, kept = MODELS[model](p, x)
    if z.shape[-1] == 1:
        return jnp.mean((z[:, 0] - y) ** 2), kept
    picked = jnp.take_along_axis(z, y[..., None], axis=-1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(z, axis=-1) - picked), kept


def predict(model, p, x):
    return jax.nn.softmax(MODELS[model](p, x)[0])
