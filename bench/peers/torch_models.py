"""The workloads' models in PyTorch. p: a model's tensors by the names that they have in its .dag,
packed as peer.py says; what a model keeps between steps, running means, is changed in place."""

import torch
import torch.nn.functional as F


def dense(p, name, x):
    return F.linear(x, p[name + ".W"], p[name + ".b"])


def mlp(p, x):
    last = max(int(name[len("dense") : -len(".W")]) for name in p if name.endswith(".W"))
    for k in range(1, last):
        x = F.relu(dense(p, f"dense{k}", x))
    return dense(p, f"dense{last}", x)


def lenet(p, x):
    x = F.max_pool2d(F.relu(F.conv2d(x, p["conv2d1.K"], p["conv2d1.b"], padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p["conv2d2.K"], p["conv2d2.b"])), 2)
    return mlp(p, x.flatten(1))


def char_lstm(p, x):
    h = F.embedding(x, p["embedding1.E"])
    weights = [p["lstm1." + name] for name in ("Wx", "Wh", "b")]
    weights.append(torch.zeros_like(weights[2]))
    zero = h.new_zeros(1, h.shape[0], weights[1].shape[1])
    h = torch.lstm(h, (zero, zero), weights, True, 1, 0.0, True, False, True)[0]
    return dense(p, "dense1", h)


def layer_norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[name + ".gain"], p[name + ".bias"])


def attention(p, name, x, heads):
    batch, steps, width = x.shape
    qkv = F.linear(x, p[name + ".Wqkv"], p[name + ".bqkv"])
    q, k, v = qkv.view(batch, steps, 3, heads, -1).permute(2, 0, 3, 1, 4)
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    o = o.transpose(1, 2).reshape(batch, steps, width)
    return F.linear(o, p[name + ".Wo"], p[name + ".bo"])


def gpt(p, x, layers=4, heads=4):
    h = F.embedding(x, p["embedding1.E"]) + p["position"]
    for k in range(layers):
        block = f"transformer_block1[{k}]"
        h = h + attention(p, block + ".attention_", layer_norm(p, block + ".norm1", h), heads)
        z = F.gelu(dense(p, block + ".grow", layer_norm(p, block + ".norm2", h)))
        h = h + dense(p, block + ".shrink", z)
    return dense(p, "dense1", layer_norm(p, "layer_norm1", h))


def convolve_norm(p, scope, k, x, stride=1):
    """Convolution k of a scope without a bias, and its batch norm."""
    kernel = p[f"{scope}conv2d{k}.K"]
    x = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
    norm = [p[f"{scope}batch_norm{k}.{s}"] for s in ("running_mean", "running_var", "gain", "bias")]
    return F.batch_norm(x, *norm, training=True)


def resnet(p, x):
    h = F.relu(convolve_norm(p, "", 1, x))
    for k in range(1, 10):
        scope, stride = f"block{k}.", 2 if k in (4, 7) else 1
        z = F.relu(convolve_norm(p, scope, 1, h, stride))
        z = convolve_norm(p, scope, 2, z)
        h = F.relu(z + (h if stride == 1 else convolve_norm(p, scope, 3, h, stride)))
    return dense(p, "dense1", h.mean((2, 3)))


MODELS = {"mlp": mlp, "lenet": lenet, "char_lstm": char_lstm, "gpt": gpt, "resnet": resnet}


def loss_of(model, p, x, y):
    z = MODELS[model](p, x)
    if z.shape[-1] == 1:
        return F.mse_loss(z[:, 0], y)
    return F.cross_entropy(z.view(-1, z.shape[-1]), y.view(-1))


def predict(model, p, x):
    return F.softmax(MODELS[model](p, x), -1)
