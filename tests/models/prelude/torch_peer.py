"""What PyTorch says of each export of layers.dag: the peer of the recorded test and of bench/parity-prelude."""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

DIMS = dict(N=2, C=6, L=11, H=9, W=7, SIZE=3, STRIDE=2, PAD=1, DILATION=2, GROUPS=3)
SMALL = DIMS | dict(N=1, L=7, H=6, W=5)  # of the recorded figures


def fill(name, shape):
    """Numbers that C and Python compute exactly alike: multiples of 1/64 between -50/64 and 50/64."""
    salt = sum(name.encode())
    i = torch.arange(math.prod(shape))
    return (((37 * i + 11 * salt) % 101 - 50) / 64).to(torch.float64).reshape(shape)


def tokens(shape, limit):
    return (5 * torch.arange(math.prod(shape)) % limit).reshape(shape)


def weigh(y):
    flat = y.reshape(-1)
    return (flat * ((53 * torch.arange(flat.numel()) % 89 - 44) / 64)).sum()


def cases(d):
    """name -> (leaves by name with their shapes, function of them), for the dims d."""
    n, c, k, g = d["N"], d["C"], d["SIZE"], d["GROUPS"]
    conv = dict(stride=d["STRIDE"], padding=d["PAD"])
    wide = dict(conv, dilation=d["DILATION"])
    pool = dict(kernel_size=k, stride=d["STRIDE"], padding=d["PAD"])
    s, x = {"s": (n, c, d["L"])}, {"x": (n, c, d["H"], d["W"])}
    row, part = {"batch.gain": (c,), "batch.bias": (c,)}, lambda p, m: {p + ".gain": (m,), p + ".bias": (m,)}
    mean, one = torch.zeros(c), torch.ones(c)
    token = tokens((n, d["L"]), 7)

    def filters(name, shape, bias=None):
        return {name + ".K": shape} | ({name + ".b": (bias,)} if bias else {})

    return {
        "conv1d_plain": (s | filters("plain1", (5, c, k), 5), F.conv1d),
        "conv1d_all": (s | filters("conv1", (2 * g, c // g, k), 2 * g),
                       lambda *a: F.conv1d(*a, **wide, groups=g)),
        "conv2d_plain": (x | filters("plain2", (4, c, k, k)), lambda *a: F.conv2d(*a, **conv)),
        "conv2d_all": (x | filters("conv2", (2 * g, c // g, k, k), 2 * g),
                       lambda *a: F.conv2d(*a, **wide, groups=g)),
        "depthwise": (x | filters("depth", (2 * c, 1, k, k), 2 * c),
                      lambda *a: F.conv2d(*a, **conv, groups=c)),
        "transpose1d": (s | filters("back1", (c, 4, k), 4),
                        lambda *a: F.conv_transpose1d(*a, **conv, output_padding=d["STRIDE"] - 1)),
        "transpose2d": (x | filters("back2", (c, 2, k, k), 2 * g),
                        lambda *a: F.conv_transpose2d(*a, **wide, groups=g)),
        "max_pool_1": (s, lambda s: F.max_pool1d(s, **pool)),
        "max_pool_2": (x, lambda x: F.max_pool2d(x, **pool)),
        "max_pool_own": (x, lambda x: F.max_pool2d(x, 2)),
        "avg_pool_1": (s, lambda s: F.avg_pool1d(s, **pool)),
        "avg_pool_2": (x, lambda x: F.avg_pool2d(x, **pool)),
        "global_max": (x, lambda x: x.flatten(2).max(-1).values),
        "global_avg": (x, lambda x: x.mean((2, 3))),
        "batch_norm_used": (x | row, lambda x, a, b: F.batch_norm(x, mean, one, a, b)),
        "layer_norm_": (x | part("layer_", d["W"]), lambda x, a, b: F.layer_norm(x, a.shape, a, b)),
        "layer_norm_bare": (s, lambda s: F.layer_norm(s, s.shape[-1:])),
        "group_norm_": (x | part("group", c), lambda x, a, b: F.group_norm(x, g, a, b)),
        "instance_norm_": (s | part("instance", c), lambda s, a, b: F.instance_norm(s, weight=a, bias=b)),
        "rms_norm_": (x | {"rms.gain": (d["W"],)}, lambda x, a: F.rms_norm(x, a.shape, a, 1e-6)),
        "embedding_": ({"words.E": (7, 5)}, lambda e: F.embedding(token, e)),
        "dropout_used": (s, lambda s: F.dropout(s, 0.3, training=False)),
        "flatten_": (x, lambda x: x.flatten(1)),
        "pad_1": (s, lambda s: F.pad(s, (2, 1), value=0.5)),
        "pad_2": (x, lambda x: F.pad(x, (3, 0, 1, 2))),
        "nearest_1": (s, lambda s: F.interpolate(s, scale_factor=3)),
        "nearest_2": (x, lambda x: F.interpolate(x, scale_factor=2)),
        "linear_1": (s, lambda s: F.interpolate(s, scale_factor=3, mode="linear")),
        "linear_2": (x, lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    }


def outputs(case):
    """The value and every derivative of it, weighed, in the order of the export's results."""
    shapes, function = case
    leaves = [fill(name, shape).requires_grad_() for name, shape in shapes.items()]
    value = function(*leaves)
    return [value.detach(), *torch.autograd.grad(weigh(value), leaves)]
