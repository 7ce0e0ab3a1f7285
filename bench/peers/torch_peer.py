"""PyTorch: the training step in eager mode, as written in its tutorials and with the least overhead
that its public and fused operators allow, and compiled as one graph; predictions in eager mode, and
compiled with frozen weights."""

import math
import os

import torch

import torch_models
from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def tensors(weights, layout=torch.contiguous_format, requires_grad=False):
    """layout: of images and of the weights of convolutions."""
    layouts = {4: layout}
    return {
        name: torch.tensor(w)
        .contiguous(memory_format=layouts.get(w.ndim, torch.contiguous_format))
        .requires_grad_(requires_grad)
        for name, w in weights.items()
    }


class Trainer:
    def __init__(self, workload):
        self.workload = workload
        self.options = workload.options
        self.rate = self.options["lr"]
        self.momentum = self.options.get("momentum", 0.0)
        self.decay = self.options.get("weight_decay", 0.0)
        self.is_adam = workload.optimizer != "sgd"
        self.batches = batches_of(workload)
        update = self.compiled_adam if self.is_adam else self.compiled_sgd
        self.compiled_step = torch.compile(
            update, fullgraph=True, dynamic=False, options={"cpp_wrapper": True}
        )

    def loss_of(self, trained, kept, x, y):
        return torch_models.loss_of(self.workload.model, {**trained, **kept}, x, y)

    def turn_of(self, step, layout=torch.contiguous_format):
        batches = self.batches
        if layout != torch.contiguous_format:
            batches = [(x.contiguous(memory_format=layout), y) for x, y in batches]
        return lambda: [step(x, y) for x, y in batches]

    def optim(self, **options):
        """loss.backward() and torch.optim."""

        def start():
            trained = tensors(self.workload.trained, requires_grad=True)
            kept = tensors(self.workload.kept)
            kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
            make = kinds[self.workload.optimizer]
            optimizer = make(trained.values(), **self.options, **options)

            def step(x, y):
                optimizer.zero_grad()
                loss = self.loss_of(trained, kept, x, y)
                loss.backward()
                optimizer.step()
                return loss.detach()

            return self.turn_of(step)

        return start

    def fused_update(self, parameters):
        """The operator that torch.optim's fused step would call."""
        first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
        counts = [torch.tensor(0.0) for _ in parameters]
        fused_adam = (
            torch._fused_adamw_ if self.workload.optimizer == "adamw" else torch._fused_adam_
        )

        def adam(gradients):
            torch._foreach_add_(counts, 1)
            fused_adam(
                parameters, gradients, first, second, [], counts, lr=self.rate, beta1=BETA1,
                beta2=BETA2, weight_decay=self.decay, eps=EPS, amsgrad=False, maximize=False,
            )  # fmt: skip

        def sgd(gradients):
            torch._fused_sgd_(
                parameters, gradients, first if self.momentum else [], weight_decay=0.0,
                momentum=self.momentum, lr=self.rate, dampening=0.0, nesterov=False,
                maximize=False, is_first_step=False,
            )  # fmt: skip

        return adam if self.is_adam else sgd

    def lean(self, layout=torch.contiguous_format):
        """torch.autograd.grad and the fused update."""

        def start():
            trained = tensors(self.workload.trained, layout, requires_grad=True)
            kept = tensors(self.workload.kept)
            parameters = list(trained.values())
            update = self.fused_update(parameters)

            def step(x, y):
                loss = self.loss_of(trained, kept, x, y)
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    update(gradients)
                return loss.detach()

            return self.turn_of(step, layout)

        return start

    def gradients(self, trained, kept, x, y):
        return torch.func.grad_and_value(self.loss_of)(trained, kept, x, y)

    def compiled_sgd(self, trained, kept, slots, x, y):
        gradients, loss = self.gradients(trained, kept, x, y)
        for name, g in gradients.items():
            if self.momentum:
                g = slots[0][name].mul_(self.momentum).add_(g)
            trained[name].sub_(g, alpha=self.rate)
        return loss

    def compiled_adam(self, trained, kept, slots, x, y):
        first, second, count = slots
        gradients, loss = self.gradients(trained, kept, x, y)
        count.add_(1)
        # 1 - beta^count: as a difference of f32 the second would be wrong by 2e-5.
        correction1 = -torch.expm1(count * math.log(BETA1))
        correction2 = -torch.expm1(count * math.log(BETA2))
        for name, g in gradients.items():
            p, m, v = trained[name], first[name], second[name]
            m.lerp_(g, 1 - BETA1)
            v.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            if self.decay:
                p.mul_(1 - self.rate * self.decay)
            p.sub_(self.rate * (m / correction1) / ((v / correction2).sqrt() + EPS))
        return loss

    def compiled(self, layout=torch.contiguous_format):
        """torch.compile of forward, backward and update together."""

        def start():
            trained = tensors(self.workload.trained, layout)
            kept = tensors(self.workload.kept)
            slots = [{n: torch.zeros_like(p) for n, p in trained.items()} for _ in range(2)]
            slots.append(torch.tensor(0.0))

            def step(x, y):
                with torch.no_grad():
                    return self.compiled_step(trained, kept, slots, x, y)

            return self.turn_of(step, layout)

        return start

    def variants(self):
        found = {
            "eager": self.optim(),
            "eager, fused": self.optim(fused=True),
            "eager, lean": self.lean(),
            "compiled": self.compiled(),
        }
        if self.workload.x.ndim == 5:
            found["eager, lean, channels last"] = self.lean(torch.channels_last)
            found["compiled, channels last"] = self.compiled(torch.channels_last)
        return found


class Model(torch.nn.Module):
    """With weights of its own, which freezing makes constants."""

    def __init__(self, workload):
        super().__init__()
        self.model = workload.model
        self.names = list(workload.trained)
        self.weights = torch.nn.ParameterList(tensors(workload.trained).values())
        self.requires_grad_(False)

    def forward(self, x):
        return torch_models.predict(self.model, dict(zip(self.names, self.weights)), x)


def predictors(workload):
    batches = batches_of(workload)

    def turn_of(model):
        def turn():
            with torch.inference_mode():
                return [model(x) for (x,) in batches]

        return turn

    def eager():
        return turn_of(Model(workload).eval())

    def compiled():
        options = {"freezing": True, "cpp_wrapper": True}
        return turn_of(torch.compile(Model(workload).eval(), fullgraph=True, options=options))

    return {"eager": eager, "compiled": compiled}


def batches_of(workload):
    def whole(values):
        is_class = values.dtype.kind == "i"
        return [torch.tensor(v, dtype=torch.int64 if is_class else torch.float32) for v in values]

    data = [whole(workload.x)] + ([] if workload.optimizer is None else [whole(workload.y)])
    return list(zip(*data))


def variants(workload):
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return predictors(workload) if workload.optimizer is None else Trainer(workload).variants()


serve(variants)
