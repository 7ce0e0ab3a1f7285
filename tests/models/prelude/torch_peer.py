"""What PyTorch says of each export of layers.dag: the peer of the recorded test and of bench/parity-prelude."""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

DIMS = dict(N=2, C=6, L=11, H=9, W=7, SIZE=3, STRIDE=2, PAD=1, DILATION=2, GROUPS=3,
            B=2, T=5, U=4, D=12, HEADS=3, R=5, K=7, UNITS=4)
SMALL = DIMS | dict(N=1, L=7, H=6, W=5, B=2, T=3, D=6, HEADS=1)  # of the recorded figures


def fill(name, shape):
    """Numbers that C and Python compute exactly alike: multiples of 1/64 between -50/64 and 50/64."""
    salt = sum(name.encode())
    i = torch.arange(math.prod(shape))
    return (((37 * i + 11 * salt) % 101 - 50) / 64).to(torch.float64).reshape(shape)


def integers(name, shape):
    """Classes below 7; labels that repeat themselves and are not the blank, up to three."""
    values = 5 * torch.arange(math.prod(shape)).reshape(shape) % 7
    return values // 3 + 1 if name == "labels" else values % 4 if name == "count" else values


def weigh(y):
    flat = y.reshape(-1)
    return (flat * ((53 * torch.arange(flat.numel()) % 89 - 44) / 64)).sum()


def cases(d):
    """name -> (leaves by name with their shapes, function of them, perhaps which ones to differentiate by)."""
    n, c, k, g = d["N"], d["C"], d["SIZE"], d["GROUPS"]
    conv = dict(stride=d["STRIDE"], padding=d["PAD"])
    wide = dict(conv, dilation=d["DILATION"])
    pool = dict(kernel_size=k, stride=d["STRIDE"], padding=d["PAD"])
    s, x = {"s": (n, c, d["L"])}, {"x": (n, c, d["H"], d["W"])}
    row, part = {"batch.gain": (c,), "batch.bias": (c,)}, lambda p, m: {p + ".gain": (m,), p + ".bias": (m,)}
    mean, one = torch.zeros(c), torch.ones(c)
    token = integers("tokens", (n, d["L"]))

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
    } | axis_cases(d, s, x) | attention_cases(d) | loss_cases(d) | recurrent_cases(d)


def axis_cases(d, s, x):
    """Options that differ between the axes, and what is done at the ends."""
    c = d["C"]

    def around(x, size, stride):
        """Zeros as padding="same" has them, for any stride."""
        pads = []
        for length, k, step in reversed(list(zip(x.shape[2:], size, stride))):
            total = max((-(-length // step) - 1) * step + k - length, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads)

    return {
        "conv2d_oblong": (x | {"oblong.K": (4, c, 3, 2), "oblong.b": (4,)},
                          lambda *a: F.conv2d(*a, stride=(2, 1), padding=(1, 0), dilation=(1, 2))),
        "conv2d_same": (x | {"same.K": (3, c, 2, 3)}, lambda *a: F.conv2d(*a, padding="same")),
        "conv2d_halved": (x | {"halved.K": (3, c, 4, 3)},
                          lambda x, k: F.conv2d(around(x, (4, 3), (2, 3)), k, stride=(2, 3))),
        "transpose2d_oblong": (x | {"grown.K": (c, 4, 3, 2), "grown.b": (4,)},
                               lambda *a: F.conv_transpose2d(*a, stride=(2, 1), padding=(1, 0), output_padding=(1, 0))),
        "max_pool_wide": (x, lambda x: F.max_pool2d(x, (3, 2), (1, 2), 1, (1, 2))),
        "max_pool_ceil": (x, lambda x: F.max_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True)),
        "avg_pool_ceil": (x, lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True)),
        "avg_pool_bare": (x, lambda x: F.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True, count_include_pad=False)),
        "avg_pool_ends": (s, lambda s: F.avg_pool1d(s, 3, 2, 1, count_include_pad=False)),
    }


def rotary(x, base=10000.0):
    t, e = x.shape[-2:]
    angle = torch.arange(t)[:, None] * base ** (-torch.arange(0, e, 2) / e)
    turned = torch.view_as_complex(x.reshape(*x.shape[:-1], e // 2, 2).contiguous()) * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned).reshape(x.shape)


def attention(x, context, wq, wk, wv, wo, bq=0.0, bk=0.0, bv=0.0, bo=0.0, turn=lambda x: x, **how):
    """F.scaled_dot_product_attention between projections of the shapes of attention.dag."""
    def project(w, b, x):
        b = b[None, :, None, :] if isinstance(b, torch.Tensor) else b
        return torch.einsum("hei,bti->bhte", w, x) + b
    heads = F.scaled_dot_product_attention(turn(project(wq, bq, x)), turn(project(wk, bk, context)),
                                           project(wv, bv, context), **how)
    return torch.einsum("ihe,bhte->bti", wo, heads) + bo


def attention_cases(d):
    h, width, other = d["HEADS"], d["D"], 7
    e = width // h
    seq, query = {"seq": (d["B"], d["T"], width)}, (h, e, width)

    def weights(p, context=width):
        return {p + ".Wq": query, p + ".Wk": (h, e, context), p + ".Wv": (h, e, context), p + ".Wo": (width, h, e)}

    def biased(p):
        return {p + ".Wq": query, p + ".bq": (h, e), p + ".Wk": query, p + ".bk": (h, e), p + ".Wv": query,
                p + ".bv": (h, e), p + ".Wo": (width, h, e), p + ".bo": (width,)}

    def block(p, expansion):
        grown = expansion * width
        return biased(p + ".attention_") | {
            p + ".norm1.gain": (width,), p + ".norm1.bias": (width,), p + ".norm2.gain": (width,),
            p + ".norm2.bias": (width,), p + ".grow.W": (grown, width), p + ".grow.b": (grown,),
            p + ".shrink.W": (width, grown), p + ".shrink.b": (width,)}

    def apply(x, w, p, **how):
        return attention(x, x, *(w[p + ".W" + k] for k in "qkvo"), *(w[p + ".b" + k] for k in "qkvo"), **how)

    def layer(name, expansion, pre):
        names = list(block(name, expansion))
        def run(x, *values):
            w = dict(zip(names, values))
            norm = lambda x, k: F.layer_norm(x, (width,), w[f"{name}.{k}.gain"], w[f"{name}.{k}.bias"])
            attend = lambda x: apply(x, w, name + ".attention_", is_causal=pre)
            feed = lambda x: F.linear(F.gelu(F.linear(x, w[name + ".grow.W"], w[name + ".grow.b"])),
                                      w[name + ".shrink.W"], w[name + ".shrink.b"])
            if pre:
                y = x + attend(norm(x, "norm1"))
                return y + feed(norm(y, "norm2"))
            y = norm(x + attend(x), "norm1")
            return norm(y + feed(y), "norm2")
        return run

    masked = (integers("seen", (d["T"], d["T"])) % 2 == 0) | torch.eye(d["T"], dtype=torch.bool)
    self_names = list(biased("self"))
    return {
        "attention_self": (seq | biased("self"), lambda x, *v: apply(x, dict(zip(self_names, v)), "self"),
                           ["seq"] + [name for name in self_names if name != "self.bk"]),
        "attention_causal_rotary": (seq | weights("before"),
                                    lambda x, *w: attention(x, x, *w, turn=rotary, is_causal=True)),
        "attention_cross": (seq | {"other": (d["B"], d["U"], other)} | weights("cross", other), attention),
        "attention_masked": (seq | weights("hidden"), lambda x, *w: attention(x, x, *w, attn_mask=masked),
                             ["seq", "hidden.Wq", "hidden.Wo"]),
        "transformer_pre": (seq | block("block", 4), layer("block", 4, True),
                            ["seq", "block.attention_.Wq", "block.norm2.gain", "block.grow.W", "block.shrink.b"]),
        "transformer_post": (seq | block("old", 2), layer("old", 2, False),
                             ["seq", "old.attention_.Wv", "old.norm1.bias", "old.grow.b"]),
        "rotary_": (seq, rotary),
    }


def loss_cases(d):
    shape = (d["R"], d["K"])
    a, b, c = {"a": shape}, {"b": shape}, {"c": shape}

    def focal(alpha, gamma):
        """torchvision's sigmoid_focal_loss, a value an element."""
        def f(z, b):
            y, p = torch.sigmoid(b), torch.sigmoid(z)
            right = p * y + (1 - p) * (1 - y)
            cross = F.binary_cross_entropy_with_logits(z, y, reduction="none")
            return (alpha * y + (1 - alpha) * (1 - y)) * cross * (1 - right) ** gamma
        return f

    def info_nce(temperature):
        return lambda a, b: F.cross_entropy(F.normalize(a) @ F.normalize(b).T / temperature,
                                            torch.arange(d["R"]), reduction="none")

    def gaussian(full):
        return lambda a, b, c: F.gaussian_nll_loss(a, b, c**2 + 0.1, full=full, reduction="none")

    def triplet(margin):
        return lambda a, b, c: F.triplet_margin_loss(a, b, c, margin=margin, reduction="none")

    return {
        "kl_": (a | b, lambda a, b: F.kl_div(F.log_softmax(a, -1), F.softmax(b, -1), reduction="none").sum(-1)),
        "gaussian_": (a | b | c, gaussian(False)),
        "gaussian_full": (a | b | c, gaussian(True), ["a"]),
        "focal_": (a | b, focal(0.25, 2.0)),
        "focal_other": (a | b, focal(0.4, 1.5)),
        "info_nce_": (a | b, info_nce(0.07)),
        "info_nce_warm": (a | b, info_nce(0.5)),
        "triplet_": (a | b | c, triplet(1.0)),
        "triplet_close": (a | b | c, triplet(0.2)),
        "normalize_": (a, lambda a: F.normalize(a)),
    }


def recurrent_cases(d):
    h, width, rows = d["UNITS"], d["D"], d["B"]
    seq = {"seq": (rows, d["T"], width)}

    def params(p, gates=()):
        return {p + ".Wx": (*gates, h, width), p + ".Wh": (*gates, h, h), p + ".b": (*gates, h)}

    def run(kind, *results):
        """PyTorch's module with our params: b is its b_ih, its b_hh is 0 but for the candidate of a gru."""
        def f(x, wx, wh, b, bh=None):
            module = kind(width, h, batch_first=True)
            b_hh = torch.zeros(b.numel())
            if bh is not None:
                b_hh = torch.cat([b_hh[: 2 * h], bh])
            given = {"weight_ih_l0": wx.reshape(-1, width), "weight_hh_l0": wh.reshape(-1, h),
                     "bias_ih_l0": b.reshape(-1), "bias_hh_l0": b_hh}
            y, last = torch.func.functional_call(module, given, (x,))
            return [y, *(t[0] for t in (last if isinstance(last, tuple) else (last,)))]
        return f

    def ctc(steps, count):
        def f(z):
            lp = F.log_softmax(z, -1).transpose(0, 1)
            return F.ctc_loss(lp, labels, steps, count, blank=0, reduction="none")
        return f

    labels = integers("labels", (rows, 3))
    logits = {"logits": (rows, d["L"], 7)}
    full = torch.full((rows,), d["L"])
    return {
        "rnn_": (seq | params("simple"), run(torch.nn.RNN), None, 1),
        "gru_": (seq | params("gated", (3,)) | {"gated.bh": (h,)}, run(torch.nn.GRU), None, 1),
        "lstm_": (seq | params("long", (4,)), run(torch.nn.LSTM), None, 3),
        "ctc_": (logits, ctc(full, torch.full((rows,), 3))),
        "ctc_some": (logits, ctc(full - integers("steps", (rows,)), integers("count", (rows,)))),
    }


def outputs(case):
    """The value, or values, and the derivatives, weighed, by the leaves or those of them that the case names."""
    shapes, function, wanted, n_weighed = (*case, *(None, 1)[len(case) - 2:])
    leaves = {name: fill(name, shape).requires_grad_() for name, shape in shapes.items()}
    values = function(*leaves.values())
    values = values if isinstance(values, list) else [values]
    loss = sum(weigh(value) for value in values[:n_weighed])
    return [*(v.detach() for v in values), *torch.autograd.grad(loss, [leaves[name] for name in wanted or leaves])]
