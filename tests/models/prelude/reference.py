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


def optimizer(name, make):
    p = (0.5 * torch.arange(4) - 0.6).requires_grad_()
    rule = make([p])
    for _ in range(20):
        rule.zero_grad()
        (torch.arange(1, 5) * (p - 0.3) ** 4 + 0.5 * p**2).sum().backward()
        rule.step()
    return row(f"{name}_after", p.detach())


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

O = torch.optim
text += optimizer("sgd", lambda p: O.SGD(p, lr=0.01))
text += optimizer("momentum", lambda p: O.SGD(p, lr=0.01, momentum=0.9))
text += optimizer("nesterov", lambda p: O.SGD(p, lr=0.01, momentum=0.9, nesterov=True))
text += optimizer("adagrad", lambda p: O.Adagrad(p))
text += optimizer("rmsprop", lambda p: O.RMSprop(p))
text += optimizer("adam", lambda p: O.Adam(p))
text += optimizer("adamw", lambda p: O.AdamW(p))

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
