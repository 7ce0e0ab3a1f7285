"""tinygrad: the training step, or the prediction, captured by TinyJit, on its CPU device; its
kernels as its heuristics choose them."""

import os

os.environ["CPU_COUNT"] = str(len(os.sched_getaffinity(0)))

from tinygrad import Tensor, TinyJit

import tinygrad_models as models
from peer import serve

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def tensors(weights):
    return {name: Tensor(w.copy()).realize() for name, w in weights.items()}


class Trainer:
    """What a step changes, in tensors."""

    def __init__(self, workload):
        self.workload, self.options = workload, workload.options
        self.is_adam = workload.optimizer != "sgd"
        self.trained, self.kept = tensors(workload.trained), tensors(workload.kept)
        zeros = {name: 0 * w for name, w in workload.trained.items()}
        self.slots = [tensors(zeros) for _ in range(2 if self.is_adam else 1)]
        self.corrections = [Tensor([0.0]).realize() for _ in range(2)]

    def step(self, x, y):
        """The loss, and what is changed; neither is realized yet."""
        loss, kept = models.loss_of(self.workload.model, {**self.trained, **self.kept}, x, y)
        gradients = loss.gradient(*self.trained.values())
        changed = (self.adam if self.is_adam else self.sgd)(gradients)
        changed += [self.kept[name].assign(new) for name, new in kept.items()]
        return loss, changed

    def sgd(self, gradients):
        rate, momentum = self.options["lr"], self.options.get("momentum")
        changed = []
        for (name, p), g in zip(self.trained.items(), gradients):
            if momentum is not None:
                g = self.slots[0][name].assign(momentum * self.slots[0][name] + g)
                changed.append(g)
            changed.append(p.assign(p - rate * g))
        return changed

    def adam(self, gradients):
        """The corrections c = 1 - beta^count grow by c = beta c + (1 - beta): as a difference of
        f32 the second would be wrong by 2e-5."""
        rate = self.options["lr"]
        keep = 1 - rate * self.options.get("weight_decay", 0.0)
        first, second = (
            c.assign(beta * c + (1 - beta)) for c, beta in zip(self.corrections, (BETA1, BETA2))
        )
        changed = [first, second]
        for (name, p), g in zip(self.trained.items(), gradients):
            m, v = (slot[name] for slot in self.slots)
            m = m.assign(BETA1 * m + (1 - BETA1) * g)
            v = v.assign(BETA2 * v + (1 - BETA2) * g * g)
            moved = keep * p - rate * (m / first) / ((v / second).sqrt() + EPS)
            changed += [m, v, p.assign(moved)]
        return changed


def classes_of(workload):
    """As many as the last dense layer has outputs."""
    last = max(name for name in workload.trained if name.startswith("dense"))
    return workload.trained[last].shape[0]


def variants(workload):
    def start():
        data = [workload.x] if workload.optimizer is None else [workload.x, workload.y]
        batches = [tuple(Tensor(v.copy()).realize() for v in batch) for batch in zip(*data)]
        if workload.optimizer is None:
            weights = tensors(workload.trained)
            shape = (len(batches), workload.x.shape[1], classes_of(workload))
        else:
            trainer, shape = Trainer(workload), (len(batches),)
        results = Tensor.zeros(*shape).contiguous().realize()

        def step(*batch):
            """The result goes to the end of those before it: it is read once a turn."""
            if workload.optimizer is None:
                result, changed = models.predict(workload.model, weights, *batch), []
            else:
                result, changed = trainer.step(*batch)
            moved = results[1:].cat(result.reshape(1, *shape[1:])).contiguous()
            return results.assign(moved).realize(*changed)

        captured = TinyJit(step)

        def turn():
            for batch in batches:
                captured(*batch)
            return list(results.numpy())

        return turn

    return {"TinyJit": start}


serve(variants)
