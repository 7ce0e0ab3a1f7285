"""Writes reference.h and layers-reference.h: what PyTorch says of functions.dag, optimizers.dag and layers.dag.

Run by hand where PyTorch is installed; the tests need only what it wrote.
"""
import torch

import torch_peer
import torch_rules as rules


def row(name, values):
    text = ", ".join(float(v).hex() for v in values.reshape(-1))
    return f"static const double {name}[] = {{{text}}};\n"


text = "/* Written by reference.py with PyTorch %s. */\n#pragma once\n#include <stdint.h>\n" % torch.__version__.split("+")[0]
text += row("reference_x", rules.X) + row("reference_z", rules.Z) + row("reference_y", rules.Y)
text += "static const int32_t reference_class[] = {%s};\n" % ", ".join(str(int(v)) for v in rules.CLASS)
for name, case in rules.FUNCTIONS.items():
    value, gradient = rules.function(*case)
    text += row(name + "_value", value) + row(name + "_grad", gradient)
for name, case in rules.OPTIMIZERS.items():
    for i, after in enumerate(rules.optimized(*case)):
        text += row(f"{name}{i + 1 if i else ''}_after", after)


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
