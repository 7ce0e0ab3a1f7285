"""PyTorch: the training step in eager mode, as written in its tutorials and with the least overhead
that its public and fused operators allow, and compiled as one graph."""

import os

import torch
import torch.nn.functional as F

from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def loss_of(parameters, x, y):
    """parameters: W1, b1, W2, b2, …"""
    for k in range(0, len(parameters), 2):
        x = F.linear(x, parameters[k], parameters[k + 1])
        if k + 2 < len(parameters):
            x = F.relu(x)
    return F.mse_loss(x, y) if x.shape[1] == 1 else F.cross_entropy(x, y)


class Torch:
    def __init__(self, workload):
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self.workload = workload
        self.rate = workload.rate
        self.is_adam = workload.optimizer == "adam"
        xs = [torch.tensor(x) for x in workload.x]
        if workload.is_regression:
            ys = [torch.tensor(y)[:, None].contiguous() for y in workload.y]
        else:
            ys = [torch.tensor(y, dtype=torch.int64) for y in workload.y]
        self.batches = list(zip(xs, ys))
        update = self.compiled_adam if self.is_adam else self.compiled_sgd
        self.compiled_step = torch.compile(
            update, fullgraph=True, dynamic=False, options={"cpp_wrapper": True}
        )

    def fresh(self, requires_grad):
        return [torch.tensor(w, requires_grad=requires_grad) for w in self.workload.weights]

    def turn_of(self, step):
        return lambda: [step(x, y) for x, y in self.batches]

    def optim(self, **options):
        """loss.backward() and torch.optim."""

        def start():
            parameters = self.fresh(True)
            make = torch.optim.Adam if self.is_adam else torch.optim.SGD
            optimizer = make(parameters, lr=self.rate, **options)

            def step(x, y):
                optimizer.zero_grad()
                loss = loss_of(parameters, x, y)
                loss.backward()
                optimizer.step()
                return loss.detach()

            return self.turn_of(step)

        return start

    def lean(self):
        """torch.autograd.grad, and the operator that torch.optim's fused step would call."""
        parameters = self.fresh(True)
        first = [torch.zeros_like(p) for p in parameters]
        second = [torch.zeros_like(p) for p in parameters]
        counts = [torch.tensor(0.0) for _ in parameters]

        def adam(gradients):
            torch._foreach_add_(counts, 1)
            torch._fused_adam_(
                parameters, gradients, first, second, [], counts, lr=self.rate, beta1=BETA1,
                beta2=BETA2, weight_decay=0.0, eps=EPS, amsgrad=False, maximize=False,
            )  # fmt: skip

        def sgd(gradients):
            torch._fused_sgd_(
                parameters, gradients, [], weight_decay=0.0, momentum=0.0, lr=self.rate,
                dampening=0.0, nesterov=False, maximize=False, is_first_step=False,
            )  # fmt: skip

        update = adam if self.is_adam else sgd

        def step(x, y):
            loss = loss_of(parameters, x, y)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                update(gradients)
            return loss.detach()

        return self.turn_of(step)

    def compiled_sgd(self, parameters, x, y):
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, x, y)
        for p, g in zip(parameters, gradients):
            p.sub_(g, alpha=self.rate)
        return loss

    def compiled_adam(self, parameters, first, second, count, x, y):
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, x, y)
        count.add_(1)
        correction1, correction2 = 1 - BETA1**count, 1 - BETA2**count
        for p, g, m, v in zip(parameters, gradients, first, second):
            m.lerp_(g, 1 - BETA1)
            v.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            p.sub_(self.rate * (m / correction1) / ((v / correction2).sqrt() + EPS))
        return loss

    def compiled(self):
        """torch.compile of forward, backward and update together."""
        state = [self.fresh(False)]
        if self.is_adam:
            state += [[torch.zeros_like(p) for p in state[0]] for _ in range(2)]
            state.append(torch.tensor(0.0))

        def turn():
            with torch.no_grad():
                return [self.compiled_step(*state, x, y) for x, y in self.batches]

        return turn


def variants(workload):
    peer = Torch(workload)
    return {
        "eager": peer.optim(),
        "eager, fused": peer.optim(fused=True),
        "eager, lean": peer.lean,
        "compiled": peer.compiled,
    }


serve(variants)
