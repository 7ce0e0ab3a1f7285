"""What PyTorch says of each export of layers.dag: the peer of the recorded test and of bench/parity-prelude."""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

DIMS = dict(N=2, C=6, L=11, H=9, W=7, SIZE=3, STRIDE=2, PAD=1, DILATION=2, GROUPS=3,
            B=2, T=5, U=4, D=12, HEADS=3, R=5, K=9, UNITS=4)
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
        "layer_norm_axes": (x | {"planes.gain": (c, d["H"], d["W"]), "planes.bias": (c, d["H"], d["W"])},
                            lambda x, a, b: F.layer_norm(x, a.shape, a, b)),
        "layer_norm_gain": (x | {"rows_.gain": (d["W"],)}, lambda x, a: F.layer_norm(x, a.shape, a)),
        "rms_norm_axes": (x | {"boards.gain": (d["H"], d["W"])}, lambda x, a: F.rms_norm(x, a.shape, a, 1e-6)),
        "prelu_one": (x | {"leak.a": (1,)}, F.prelu),
        "prelu_channels": (x | {"leaks.a": (c,)}, F.prelu),
        "softmax_channels": (x, lambda x: F.softmax(x, 1)),
        "glu_channels": (s, lambda s: F.glu(torch.cat([s, s + 1], 1), 1)),
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

    def cross(p, memory):
        return {p + ".Wq": query, p + ".bq": (h, e), p + ".Wk": (h, e, memory), p + ".bk": (h, e),
                p + ".Wv": (h, e, memory), p + ".bv": (h, e), p + ".Wo": (width, h, e), p + ".bo": (width,)}

    def decoder(p, expansion, memory):
        return block(p, expansion) | cross(p + ".cross", memory) | {p + ".norm3.gain": (width,),
                                                                    p + ".norm3.bias": (width,)}

    def reads(x, memory, *values):
        """A decoder's block with its norms first."""
        w = dict(zip(decoder("reader", 4, other), values))
        norm = lambda x, k: F.layer_norm(x, (width,), w[f"reader.{k}.gain"], w[f"reader.{k}.bias"])
        y = x + apply(norm(x, "norm1"), w, "reader.attention_", is_causal=True)
        y = y + attention(norm(y, "norm2"), memory, *(w["reader.cross.W" + k] for k in "qkvo"),
                          *(w["reader.cross.b" + k] for k in "qkvo"))
        y_ = F.gelu(F.linear(norm(y, "norm3"), w["reader.grow.W"], w["reader.grow.b"]))
        return y + F.linear(y_, w["reader.shrink.W"], w["reader.shrink.b"])

    def writes(x, memory, *values):
        """PyTorch's own module."""
        w = dict(zip(decoder("writer", 2, width), values))
        given = {"linear1.weight": w["writer.grow.W"], "linear1.bias": w["writer.grow.b"],
                 "linear2.weight": w["writer.shrink.W"], "linear2.bias": w["writer.shrink.b"]}
        for ours, theirs in ("attention_", "self_attn"), ("cross", "multihead_attn"):
            of = lambda kind, keys: [w[f"writer.{ours}.{kind}{k}"] for k in keys]
            given |= {theirs + ".in_proj_weight": torch.cat([v.reshape(width, width) for v in of("W", "qkv")]),
                      theirs + ".in_proj_bias": torch.cat([v.reshape(width) for v in of("b", "qkv")]),
                      theirs + ".out_proj.weight": of("W", "o")[0].reshape(width, width),
                      theirs + ".out_proj.bias": of("b", "o")[0]}
        for k in "123":
            given |= {f"norm{k}.weight": w[f"writer.norm{k}.gain"], f"norm{k}.bias": w[f"writer.norm{k}.bias"]}
        module = torch.nn.TransformerDecoderLayer(width, h, 2 * width, dropout=0.0, batch_first=True)
        later = torch.ones(d["T"], d["T"], dtype=torch.bool).triu(1)
        return torch.func.functional_call(module, given, (x, memory), {"tgt_mask": later})

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
        "decoder_pre": (seq | {"other": (d["B"], d["U"], other)} | decoder("reader", 4, other), reads,
                        ["seq", "other", "reader.attention_.Wq", "reader.cross.Wk", "reader.norm2.gain",
                         "reader.norm3.bias", "reader.grow.W"]),
        "decoder_post": (seq | {"memory": (d["B"], d["U"], width)} | decoder("writer", 2, width), writes,
                         ["seq", "memory", "writer.attention_.Wv", "writer.cross.Wo", "writer.norm3.gain",
                          "writer.shrink.W"]),
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

    row = torch.arange(d["R"]) % d["K"]
    weights = 0.5 + torch.arange(d["K"], dtype=torch.float64)
    sign = lambda b: torch.where(b > 0, 1.0, -1.0)
    spread = lambda c: c**2 + 0.1
    none = dict(reduction="none")

    return {
        "poisson_full": (c, lambda c: F.poisson_nll_loss(spread(c), 4 * spread(c), False, True, **none)),
        "weighted_binary": (a | b, lambda a, b: F.binary_cross_entropy_with_logits(
            a, torch.sigmoid(b), pos_weight=weights, **none)),
        "hinge_embedding_": (a | b, lambda a, b: F.hinge_embedding_loss(a, sign(b), 0.7, **none), ["a"]),
        "margin_ranking_": (a | b, lambda a, b: F.margin_ranking_loss(a, b, sign(b), 0.3, **none), ["a"]),
        "soft_margin_": (a | b, lambda a, b: F.soft_margin_loss(a, sign(b), **none), ["a"]),
        "multilabel_": (a | b, lambda a, b: F.multilabel_soft_margin_loss(a, (b > 0).double(), **none), ["a"]),
        "multi_margin_": (a, lambda a: F.multi_margin_loss(a, row, margin=0.9, **none)),
        "multi_margin_2": (a, lambda a: F.multi_margin_loss(a, row, p=2, **none)),
        "cosine_embedding_": (a | b, lambda a, b: F.cosine_embedding_loss(a, b, sign(b[:, 0]), 0.1, **none), ["a"]),
        "distance_": (a | b, F.pairwise_distance),
        "distance_3": (a | b, lambda a, b: F.pairwise_distance(a, b, 3.0)),
        "triplet_swap": (a | b | c, lambda a, b, c: F.triplet_margin_loss(a, b, c, 0.9, 3.0, swap=True, **none)),
        "kl_log_": (a | b, lambda a, b: F.kl_div(F.log_softmax(a, -1), F.log_softmax(b, -1), log_target=True,
                                                 **none).sum(-1)),
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

    def stacked(name, n_layers, directions, gates=(), biased=True):
        """The params of a stack, by layer and direction in PyTorch's order."""
        shapes = {}
        for layer in range(n_layers):
            into = width if layer == 0 else directions * h
            for way in ("forward", "backward")[:directions]:
                p = f"{name}.stack.{way}[{layer}]"
                shapes |= {p + ".Wx": (*gates, h, into), p + ".Wh": (*gates, h, h)}
                if biased:
                    shapes[p + ".b"] = (*gates, h)
                if biased and gates == (3,):
                    shapes[p + ".bh"] = (h,)
        return shapes

    def run_stack(kind, shapes, n_starts, **how):
        """PyTorch's module on a stack's params, after x and its starting values."""
        def f(x, *values):
            start, values = values[:n_starts], dict(zip(shapes, values[n_starts:]))
            module = kind(width, h, **how)
            given = {}
            for name, value in values.items():
                place, which = name.rsplit(".", 1)
                suffix = f"_l{place[-2]}" + ("_reverse" if "backward" in place else "")
                if which == "bh":
                    given["bias_hh" + suffix][2 * h:] = value
                    continue
                theirs = {"Wx": "weight_ih", "Wh": "weight_hh", "b": "bias_ih"}[which]
                given[theirs + suffix] = value.reshape(-1, value.shape[-1]) if which != "b" else value.reshape(-1)
                if which == "b":
                    given["bias_hh" + suffix] = torch.zeros(value.numel())
            batch_first = how.get("batch_first", False)
            y, last = torch.func.functional_call(module, given, (
                x if batch_first else x.transpose(0, 1), *([start[0] if n_starts == 1 else start] if start else [])))
            return [y, *(last if isinstance(last, tuple) else (last,))]
        return f

    def ctc(steps, count):
        def f(z):
            lp = F.log_softmax(z, -1).transpose(0, 1)
            return F.ctc_loss(lp, labels, steps, count, blank=0, reduction="none")
        return f

    labels = integers("labels", (rows, 3))
    logits = {"logits": (rows, d["L"], 7)}
    full = torch.full((rows,), d["L"])
    first = {"first_h": (4, rows, h)}
    deep = stacked("deep", 3, 1, biased=False)
    both, turned = stacked("both", 2, 2, (3,)), stacked("turned_", 2, 2, (4,))
    place = lambda name, l, which, way="forward": f"{name}.stack.{way}[{l}].{which}"
    return {
        "rnn_deep": (seq | deep, run_stack(torch.nn.RNN, deep, 0, num_layers=3, bias=False, nonlinearity="relu",
                                           batch_first=True),
                     ["seq", place("deep", 0, "Wx"), place("deep", 1, "Wh"), place("deep", 2, "Wx")], 2),
        "gru_both": (seq | first | both, run_stack(torch.nn.GRU, both, 1, num_layers=2, bidirectional=True,
                                                   batch_first=True),
                     ["seq", "first_h", place("both", 0, "Wx"), place("both", 0, "Wh", "backward"),
                      place("both", 1, "bh"), place("both", 1, "Wx", "backward")], 2),
        "lstm_both": (seq | first | {"first_c": (4, rows, h)} | turned,
                      run_stack(torch.nn.LSTM, turned, 2, num_layers=2, bidirectional=True),
                      ["seq", "first_h", "first_c", place("turned_", 0, "Wx", "backward"),
                       place("turned_", 1, "Wx"), place("turned_", 1, "b", "backward")], 3),
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
