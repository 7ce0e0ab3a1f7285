"""Writes reference.h and layers-reference.h: what PyTorch says of functions.dag, optimizers.dag and layers.dag.

Run by hand where PyTorch is installed; the tests need only what it wrote.
"""
import torch
import torch.nn.functional as F

import torch_peer

torch.set_default_dtype(torch.float64)
X = torch.tensor([-30.0, -5.0, -1.5, -1.0, -0.3, -1e-3, 1e-3, 0.4, 1.0, 2.5, 6.0, 30.0])
Z = torch.tensor([[0.3, -1.2, 2.0], [0.9, 0.0, -0.4], [-3.0, 5.0, 1.1], [40.0, -40.0, 0.2]])
Y = torch.tensor([[0.0, 1.0, 1.0], [0.25, 0.5, 0.0], [1.0, 0.0, 0.6], [1.0, 0.0, 0.3]])
CLASS = torch.tensor([2, 0, 1, 1])


def row(name, values):
    text = ", ".join(float(v).hex() for v in values.reshape(-1))
    return f"static const double {name}[] = {{{text}}};\n"


def function(name, f, at, weight=None):
    at = at.clone().requires_grad_()
    value = f(at)
    (value if weight is None else value * weight).sum().backward()
    return row(f"{name}_value", value.detach()) + row(f"{name}_grad", at.grad)


def optimizer(name, make, p=0.5 * torch.arange(4) - 0.6, schedule=None):
    p = p.clone().requires_grad_()
    rule = make([p])
    rate = schedule(rule) if schedule else None
    for _ in range(20):
        rule.zero_grad()
        q = p.reshape(-1)
        (torch.arange(1, q.numel() + 1) * (q - 0.3) ** 4 + 0.5 * q**2).sum().backward()
        rule.step()
        if rate:
            rate.step()
    return row(f"{name}_after", p.detach())


class Rule:
    """An optimizer that PyTorch lacks: update(p, g, state, step) gives the new p."""

    def __init__(self, params, update):
        self.p, self.update, self.state, self.t = params[0], update, {}, 0

    def zero_grad(self):
        self.p.grad = None

    def step(self):
        self.t += 1
        with torch.no_grad():
            self.p.copy_(self.update(self.p, self.p.grad, self.state, self.t))


def lion(p, g, s, t, lr=0.01, decay=0.1):
    """Algorithm 2 of Chen et al. 2023."""
    m = s.get("m", torch.zeros_like(p))
    s["m"] = 0.99 * m + 0.01 * g
    return p - lr * (torch.sign(0.9 * m + 0.1 * g) + decay * p)


def lars(p, g, s, t, lr=0.1, decay=0.1, trust=1e-3):
    """Algorithm 1 of You, Gitman & Ginsburg 2017."""
    local = trust * p.norm() / (g.norm() + decay * p.norm() + 1e-8)
    s["v"] = 0.9 * s.get("v", torch.zeros_like(p)) + lr * local * (g + decay * p)
    return p - s["v"]


def lamb(p, g, s, t, lr=1e-3, decay=0.1):
    """Algorithm 2 of You et al. 2020, with the identity for φ."""
    s["m"] = 0.9 * s.get("m", torch.zeros_like(p)) + 0.1 * g
    s["v"] = 0.999 * s.get("v", torch.zeros_like(p)) + 0.001 * g**2
    r = s["m"] / (1 - 0.9**t) / ((s["v"] / (1 - 0.999**t)).sqrt() + 1e-6) + decay * p
    return p - lr * p.norm() / r.norm() * r


def newton(p, g, s, t, lr=0.2, damping=0.1):
    """Three steps of conjugate gradients on (H + damping) d = g, with the Hessian of `optimizer`'s loss."""
    h = 12 * torch.arange(1, p.numel() + 1) * (p - 0.3) ** 2 + 1 + damping
    d, r, v = torch.zeros_like(p), g.clone(), g.clone()
    for _ in range(3):
        a = (r @ r) / (v @ (h * v))
        d, rest = d + a * v, r - a * h * v
        r, v = rest, rest + (rest @ rest) / (r @ r) * v
    return p - lr * d


class OneIteration(torch.optim.LBFGS):
    """One iteration a step, on the gradient that is there."""

    def __init__(self, params, **options):
        super().__init__(params, max_iter=1, **({"history_size": 10} | options))

    def step(self):
        super().step(lambda: torch.zeros(()))


text = "/* Written by reference.py with PyTorch %s. */\n#pragma once\n#include <stdint.h>\n" % torch.__version__.split("+")[0]
text += row("reference_x", X) + row("reference_z", Z) + row("reference_y", Y)
text += "static const int32_t reference_class[] = {%s};\n" % ", ".join(str(int(v)) for v in CLASS)

text += function("relu", F.relu, X)
text += function("leaky_relu", F.leaky_relu, X)
text += function("leaky_relu2", lambda x: F.leaky_relu(x, 0.2), X)
text += function("elu", F.elu, X)
text += function("elu2", lambda x: F.elu(x, 0.5), X)
text += function("gelu", F.gelu, X)
text += function("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), X)
text += function("silu", F.silu, X)
text += function("sigmoid", torch.sigmoid, X)
text += function("tanh", torch.tanh, X)
text += function("softplus", F.softplus, X)
text += function("softmax", lambda z: F.softmax(z, -1), Z, Y)
text += function("log_softmax", lambda z: F.log_softmax(z, -1), Z, Y)
text += function("mse", lambda z: F.mse_loss(z, Y), Z)
text += function("mae", lambda z: F.l1_loss(z, Y), Z)
text += function("huber", lambda z: F.huber_loss(z, Y, reduction="none"), Z)
text += function("huber2", lambda z: F.huber_loss(z, Y, reduction="none", delta=0.3), Z)
text += function("hinge", lambda z: (1 - Y * z).clamp(min=0), Z)
text += function("binary_cross_entropy",
                 lambda z: F.binary_cross_entropy_with_logits(z, Y, reduction="none"), Z)
text += function("cross_entropy", lambda z: F.cross_entropy(z, CLASS, reduction="none"), Z)

text += function("relu6", F.relu6, X)
text += function("hardtanh", F.hardtanh, X)
text += function("hardsigmoid", lambda x: (x + 3).clamp(0, 6) / 6, X)  # F.hardsigmoid has 1/6 in f32
text += function("hardswish", F.hardswish, X)
text += function("selu", F.selu, X)
text += function("celu", lambda x: F.celu(x, 0.5), X)
text += function("mish", F.mish, X)
text += function("softsign", F.softsign, X)
text += function("log_sigmoid", F.logsigmoid, X)
text += function("glu", F.glu, X)
text += function("smooth_l1", lambda z: F.smooth_l1_loss(z, Y, reduction="none", beta=0.4), Z)
text += function("poisson_nll", lambda z: F.poisson_nll_loss(0.1 * z, Y, reduction="none"), Z)
text += function("nll", lambda z: F.nll_loss(z, CLASS, reduction="none"), Z)
text += function("soft_cross_entropy", lambda z: F.cross_entropy(z, Y, reduction="none"), Z)
text += function("cosine_similarity", lambda z: F.cosine_similarity(z, Y), Z)
text += function("smoothed", lambda z: F.cross_entropy(z, CLASS, reduction="none", label_smoothing=0.2), Z)
text += function("weighted", lambda z: F.cross_entropy(z, CLASS, Y[1], reduction="none", label_smoothing=0.2, ignore_index=2), Z)
text += function("softshrink", F.softshrink, X)
text += function("hardshrink", lambda x: F.hardshrink(x, 0.35), X)
text += function("tanhshrink", F.tanhshrink, X)
text += function("threshold", lambda x: F.threshold(x, 0.1, -2.0), X)
text += function("rrelu", F.rrelu, X)
text += function("softmin", lambda z: F.softmin(z, -1), Z, Y)
text += function("softmax_axis", lambda z: F.softmax(z, 0), Z, Y)
text += function("log_softmax_axis", lambda z: F.log_softmax(z, -2), Z, Y)

O = torch.optim
text += optimizer("sgd", lambda p: O.SGD(p, lr=0.01))
text += optimizer("momentum", lambda p: O.SGD(p, lr=0.01, momentum=0.9))
text += optimizer("nesterov", lambda p: O.SGD(p, lr=0.01, momentum=0.9, nesterov=True))
text += optimizer("adagrad", lambda p: O.Adagrad(p))
text += optimizer("rmsprop", lambda p: O.RMSprop(p))
text += optimizer("adam", lambda p: O.Adam(p))
text += optimizer("adamw", lambda p: O.AdamW(p))
text += optimizer("nadam", lambda p: O.NAdam(p))
text += optimizer("lion", lambda p: Rule(p, lion))
EPS1 = torch.finfo(torch.float32).eps
text += optimizer("adafactor", lambda p: O.Adafactor(p, eps=(EPS1, 1e-3), weight_decay=0.1))
text += optimizer("adafactor_matrix", lambda p: O.Adafactor(p, lr=0.3, eps=(EPS1, 1e-3)),
                  (0.25 * torch.arange(12) - 1.3).reshape(3, 4))
text += optimizer("lars", lambda p: Rule(p, lars))
text += optimizer("lamb", lambda p: Rule(p, lamb))
text += optimizer("sgd_all", lambda p: O.SGD(p, lr=0.01, momentum=0.8, dampening=0.3, weight_decay=0.1))
text += optimizer("adagrad_all", lambda p: O.Adagrad(p, lr_decay=0.1, weight_decay=0.1))
text += optimizer("rmsprop_all", lambda p: O.RMSprop(p, momentum=0.7, centered=True, weight_decay=0.1))
text += optimizer("adadelta", lambda p: O.Adadelta(p, weight_decay=0.1))
text += optimizer("adam_all", lambda p: O.Adam(p, weight_decay=0.1, amsgrad=True))
text += optimizer("adamax", lambda p: O.Adamax(p))
text += optimizer("radam", lambda p: O.RAdam(p, weight_decay=0.1))
text += optimizer("lbfgs", lambda p: OneIteration(p, lr=0.3))
text += optimizer("lbfgs_short", lambda p: OneIteration(p, lr=0.2, history_size=3))
text += optimizer("newton", lambda p: Rule(p, newton))
text += optimizer("lbfgs_matrix", lambda p: OneIteration(p, lr=0.3, history_size=5),
                  (0.25 * torch.arange(12) - 1.3).reshape(3, 4))
S = O.lr_scheduler
text += optimizer("scheduled_steps", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.StepLR(o, 6))
text += optimizer("scheduled_cosine", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.SequentialLR(
    o, [S.CosineAnnealingLR(o, 15, eta_min=0.001), S.LambdaLR(o, lambda t: 0.1)], [15]))
text += optimizer("scheduled_warmup", lambda p: O.SGD(p, lr=0.01),
                  schedule=lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 8, 1)))
text += optimizer("scheduled_cycle", lambda p: O.SGD(p, lr=0.01),
                  schedule=lambda o: S.OneCycleLR(o, 0.02, total_steps=21, cycle_momentum=False))
text += optimizer("scheduled_milestones", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.MultiStepLR(o, [4, 11], 0.5))
text += optimizer("scheduled_polynomial", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.PolynomialLR(o, 15, 2.0))
text += optimizer("scheduled_ramp", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.LinearLR(o, total_iters=8))
text += optimizer("scheduled_restarts", lambda p: O.SGD(p, lr=0.01),
                  schedule=lambda o: S.CosineAnnealingWarmRestarts(o, 7, eta_min=0.001))
text += optimizer("scheduled_exponential", lambda p: O.SGD(p, lr=0.01), schedule=lambda o: S.ExponentialLR(o, 0.9))


def batch_norm():
    """One step of training.dag."""
    image = torch_peer.fill("", (3, 4, 5, 2)).requires_grad_()
    norm = torch.nn.BatchNorm2d(4, momentum=0.2)
    value = torch_peer.weigh(norm(image))
    value.backward()
    after = {"image": image, "gain": norm.weight, "bias": norm.bias}
    return row("batch_norm_value", value.detach()) + "".join(
        row(f"batch_norm_{name}", (p - p.grad).detach()) for name, p in after.items()) + row(
        "batch_norm_running_mean", norm.running_mean) + row("batch_norm_running_var", norm.running_var)


text += batch_norm()

with open("reference.h", "w") as out:
    out.write(text)

text = "/* Written by reference.py with PyTorch %s: the results of layers.dag's exports. */\n" % torch.__version__.split("+")[0]
text += "#pragma once\n#include <stdint.h>\ntypedef struct figure {\n  const char *name;\n  int output;\n"
text += "  int64_t size;\n  const double *values;\n} figure;\n"
table = ""
for name, case in torch_peer.cases(torch_peer.SMALL).items():
    for i, values in enumerate(torch_peer.outputs(case)):
        text += row(f"{name}_{i}", values)
        table += f'    {{"{name}", {i}, {values.numel()}, {name}_{i}}},\n'
text += "static const figure figures[] = {\n" + table + "};\n"

with open("layers-reference.h", "w") as out:
    out.write(text)
