"""The workloads' models in tinygrad. p: a model's tensors by the names that they have in its .dag,
packed as peer.py says. A model returns its logits and the new values of what it keeps between
steps."""

from tinygrad import Tensor


def dense(p, name, x):
    return x.linear(p[name + ".W"].T, p[name + ".b"])


def mlp(p, x):
    last = max(int(name[len("dense") : -len(".W")]) for name in p if name.endswith(".W"))
    for k in range(1, last):
        x = dense(p, f"dense{k}", x).relu()
    return dense(p, f"dense{last}", x), {}


def lenet(p, x):
    x = x.conv2d(p["conv2d1.K"], p["conv2d1.b"], padding=2).relu().max_pool2d(2)
    x = x.conv2d(p["conv2d2.K"], p["conv2d2.b"]).relu().max_pool2d(2)
    return mlp(p, x.flatten(1))


def embedding(p, x):
    """By a product with what marks each symbol: its gradient is one too."""
    weights = p["embedding1.E"]
    return x.one_hot(weights.shape[0]).float() @ weights


def char_lstm(p, x):
    u = dense({"u.W": p["lstm1.Wx"], "u.b": p["lstm1.b"]}, "u", embedding(p, x))
    h = c = Tensor.zeros(x.shape[0], p["lstm1.Wh"].shape[1]).contiguous()
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = (u[:, t] + h @ p["lstm1.Wh"].T).chunk(4, dim=1)
        c = (f.sigmoid() * c + i.sigmoid() * g.tanh()).contiguous()
        h = (o.sigmoid() * c.tanh()).contiguous()
        states.append(h)
    return dense(p, "dense1", Tensor.stack(*states, dim=1)), {}


def layer_norm(p, name, x):
    return x.layernorm(eps=1e-5) * p[name + ".gain"] + p[name + ".bias"]


def attention(p, name, x, heads):
    batch, steps, width = x.shape
    qkv = x.linear(p[name + ".Wqkv"].T, p[name + ".bqkv"])
    qkv = qkv.reshape(batch, steps, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    o = qkv[0].scaled_dot_product_attention(qkv[1], qkv[2], is_causal=True)
    o = o.transpose(1, 2).reshape(batch, steps, width)
    return o.linear(p[name + ".Wo"].T, p[name + ".bo"])


def gelu(x):
    return 0.5 * x * (1 + (x * 0.5**0.5).erf())


def gpt(p, x, layers=4, heads=4):
    h = embedding(p, x) + p["position"]
    for k in range(layers):
        block = f"transformer_block1[{k}]"
        h = h + attention(p, block + ".attention_", layer_norm(p, block + ".norm1", h), heads)
        z = dense(p, block + ".grow", layer_norm(p, block + ".norm2", h))
        h = h + dense(p, block + ".shrink", gelu(z))
    return dense(p, "dense1", layer_norm(p, "layer_norm1", h)), {}


def resnet(p, x):
    kept = {}

    def convolve_norm(scope, k, x, stride=1):
        """Convolution k of a scope without a bias, and its batch norm."""
        kernel, norm = p[f"{scope}conv2d{k}.K"], f"{scope}batch_norm{k}."
        x = x.conv2d(kernel, stride=stride, padding=kernel.shape[-1] // 2)
        count = x.numel() // x.shape[1]
        mean = x.mean((0, 2, 3))
        variance = ((x - mean.reshape(1, -1, 1, 1)) ** 2).mean((0, 2, 3))
        for name, new in (("running_mean", mean), ("running_var", variance * count / (count - 1))):
            kept[norm + name] = 0.9 * p[norm + name] + 0.1 * new.detach()
        scale = (variance + 1e-5).rsqrt()
        return x.batchnorm(p[norm + "gain"], p[norm + "bias"], mean, scale)

    h = convolve_norm("", 1, x).relu()
    for k in range(1, 10):
        scope, stride = f"block{k}.", 2 if k in (4, 7) else 1
        z = convolve_norm(scope, 1, h, stride).relu()
        z = convolve_norm(scope, 2, z)
        h = (z + (h if stride == 1 else convolve_norm(scope, 3, h, stride))).relu()
    return dense(p, "dense1", h.mean((2, 3))), kept


MODELS = {"mlp": mlp, "lenet": lenet, "char_lstm": char_lstm, "gpt": gpt, "resnet": resnet}


def loss_of(model, p, x, y):
    """The loss, and what the model keeps."""
    z, kept = MODELS[model](p, x)
    if z.shape[-1] == 1:
        return ((z[:, 0] - y) ** 2).mean(), kept
    z, y = z.reshape(-1, z.shape[-1]), y.reshape(-1)
    return z.sparse_categorical_crossentropy(y), kept


def predict(model, p, x):
    return MODELS[model](p, x)[0].softmax(-1)
