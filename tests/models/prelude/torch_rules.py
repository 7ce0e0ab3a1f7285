"""What PyTorch says of functions.dag and optimizers.dag: a table each, for the recorded tests and for
bench/parity-prelude."""
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
X = torch.tensor([-30.0, -5.0, -1.5, -1.0, -0.3, -1e-3, 1e-3, 0.4, 1.0, 2.5, 6.0, 30.0])
Z = torch.tensor([[0.3, -1.2, 2.0], [0.9, 0.0, -0.4], [-3.0, 5.0, 1.1], [40.0, -40.0, 0.2]])
Y = torch.tensor([[0.0, 1.0, 1.0], [0.25, 0.5, 0.0], [1.0, 0.0, 0.6], [1.0, 0.0, 0.3]])
CLASS = torch.tensor([2, 0, 1, 1])
INPUTS = {"x": X, "z": Z, "y": Y, "class": CLASS.to(torch.int32)}


def solved(z):
    """The x for which (zᵀz / 100 + 1) x is the first row of Y."""
    return torch.linalg.solve(z.T @ z / 100 + torch.eye(3), Y[0])


def bowl(y):
    return ((y - 0.3) ** 4 + 0.5 * y**2).sum() + 0.5 * y.sum() ** 2


def newton_step(y):
    """Newton's method on `bowl`."""
    gradient, = torch.autograd.grad(bowl(y), y, create_graph=True)
    hessian = torch.autograd.functional.hessian(bowl, y, create_graph=True).reshape(12, 12)
    return y - torch.linalg.solve(hessian, gradient.reshape(12)).reshape(4, 3)


# name -> (function, where it is differentiated, the weights of its values)
FUNCTIONS = {
    "relu": (F.relu, X),
    "leaky_relu": (F.leaky_relu, X),
    "leaky_relu2": (lambda x: F.leaky_relu(x, 0.2), X),
    "elu": (F.elu, X),
    "elu2": (lambda x: F.elu(x, 0.5), X),
    "gelu": (F.gelu, X),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), X),
    "silu": (F.silu, X),
    "sigmoid": (torch.sigmoid, X),
    "tanh": (torch.tanh, X),
    "softplus": (F.softplus, X),
    "softmax": (lambda z: F.softmax(z, -1), Z, Y),
    "log_softmax": (lambda z: F.log_softmax(z, -1), Z, Y),
    "mse": (lambda z: F.mse_loss(z, Y), Z),
    "mae": (lambda z: F.l1_loss(z, Y), Z),
    "huber": (lambda z: F.huber_loss(z, Y, reduction="none"), Z),
    "huber2": (lambda z: F.huber_loss(z, Y, reduction="none", delta=0.3), Z),
    "hinge": (lambda z: (1 - Y * z).clamp(min=0), Z),
    "binary_cross_entropy": (lambda z: F.binary_cross_entropy_with_logits(z, Y, reduction="none"), Z),
    "cross_entropy": (lambda z: F.cross_entropy(z, CLASS, reduction="none"), Z),
    "relu6": (F.relu6, X),
    "hardtanh": (F.hardtanh, X),
    "hardsigmoid": (lambda x: (x + 3).clamp(0, 6) / 6, X),  # F.hardsigmoid has 1/6 in f32
    "hardswish": (F.hardswish, X),
    "selu": (F.selu, X),
    "celu": (lambda x: F.celu(x, 0.5), X),
    "mish": (F.mish, X),
    "softsign": (F.softsign, X),
    "log_sigmoid": (F.logsigmoid, X),
    "glu": (F.glu, X),
    "smooth_l1": (lambda z: F.smooth_l1_loss(z, Y, reduction="none", beta=0.4), Z),
    "poisson_nll": (lambda z: F.poisson_nll_loss(0.1 * z, Y, reduction="none"), Z),
    "nll": (lambda z: F.nll_loss(z, CLASS, reduction="none"), Z),
    "soft_cross_entropy": (lambda z: F.cross_entropy(z, Y, reduction="none"), Z),
    "cosine_similarity": (lambda z: F.cosine_similarity(z, Y), Z),
    "smoothed": (lambda z: F.cross_entropy(z, CLASS, reduction="none", label_smoothing=0.2), Z),
    "weighted": (lambda z: F.cross_entropy(z, CLASS, Y[1], reduction="none", label_smoothing=0.2, ignore_index=2), Z),
    "softshrink": (F.softshrink, X),
    "hardshrink": (lambda x: F.hardshrink(x, 0.35), X),
    "tanhshrink": (F.tanhshrink, X),
    "threshold": (lambda x: F.threshold(x, 0.1, -2.0), X),
    "rrelu": (F.rrelu, X),
    "softmin": (lambda z: F.softmin(z, -1), Z, Y),
    "softmax_axis": (lambda z: F.softmax(z, 0), Z, Y),
    "log_softmax_axis": (lambda z: F.log_softmax(z, -2), Z, Y),
    "conjugate_gradients": (solved, Z),
    "newton_step": (newton_step, Y),
}


def function(f, at, weight=None):
    """Its value and its derivative."""
    at = at.clone().requires_grad_()
    value = f(at)
    (value if weight is None else value * weight).sum().backward()
    return value.detach(), at.grad


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


def objective(params):
    """What the optimizers minimise; two params are coupled."""
    loss = 0
    for p in params:
        q = p.reshape(-1)
        loss = loss + (torch.arange(1, q.numel() + 1) * (q - 0.3) ** 4 + 0.5 * q**2).sum()
    return loss if len(params) == 1 else loss + 0.1 * params[0].sum() * params[1].sum()


class Newton:
    """Steps of conjugate gradients on (H + damping) d = g, with the Hessian by all params together."""

    def __init__(self, params, lr=0.2, damping=0.1, iterations=3):
        self.params, self.lr, self.damping, self.iterations = params, lr, damping, iterations

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        split = lambda flat: [part.reshape(p.shape) for p, part in
                              zip(self.params, flat.split([p.numel() for p in self.params]))]
        flat = torch.cat([p.detach().reshape(-1) for p in self.params])
        g = torch.cat([p.grad.reshape(-1) for p in self.params])
        h = torch.autograd.functional.hessian(lambda flat: objective(split(flat)), flat)
        h = h + self.damping * torch.eye(len(flat))
        d, r, v = torch.zeros_like(g), g, g
        for _ in range(self.iterations):
            a = (r @ r) / (v @ h @ v)
            d, rest = d + a * v, r - a * h @ v
            r, v = rest, rest + (rest @ rest) / (r @ r) * v
        with torch.no_grad():
            for p, part in zip(self.params, split(d)):
                p -= self.lr * part


class OneIteration(torch.optim.LBFGS):
    """One iteration a step, on the gradient that is there."""

    def __init__(self, params, **options):
        super().__init__(params, max_iter=1, **({"history_size": 10} | options))

    def step(self):
        super().step(lambda: torch.zeros(()))


O, S = torch.optim, torch.optim.lr_scheduler
EPS1 = torch.finfo(torch.float32).eps
LINE = 0.5 * torch.arange(4) - 0.6
MATRIX = (0.25 * torch.arange(12) - 1.3).reshape(3, 4)

# name -> (optimizer of a list of params, the param's start or theirs, its schedule)
OPTIMIZERS = {
    "sgd": (lambda p: O.SGD(p, lr=0.01), LINE, None),
    "momentum": (lambda p: O.SGD(p, lr=0.01, momentum=0.9), LINE, None),
    "nesterov": (lambda p: O.SGD(p, lr=0.01, momentum=0.9, nesterov=True), LINE, None),
    "adagrad": (lambda p: O.Adagrad(p), LINE, None),
    "rmsprop": (lambda p: O.RMSprop(p), LINE, None),
    "adam": (lambda p: O.Adam(p), LINE, None),
    "adamw": (lambda p: O.AdamW(p), LINE, None),
    "nadam": (lambda p: O.NAdam(p), LINE, None),
    "lion": (lambda p: Rule(p, lion), LINE, None),
    "adafactor": (lambda p: O.Adafactor(p, eps=(EPS1, 1e-3), weight_decay=0.1), LINE, None),
    "adafactor_matrix": (lambda p: O.Adafactor(p, lr=0.3, eps=(EPS1, 1e-3)), MATRIX, None),
    "lars": (lambda p: Rule(p, lars), LINE, None),
    "lamb": (lambda p: Rule(p, lamb), LINE, None),
    "sgd_all": (lambda p: O.SGD(p, lr=0.01, momentum=0.8, dampening=0.3, weight_decay=0.1), LINE, None),
    "adagrad_all": (lambda p: O.Adagrad(p, lr_decay=0.1, weight_decay=0.1), LINE, None),
    "rmsprop_all": (lambda p: O.RMSprop(p, momentum=0.7, centered=True, weight_decay=0.1), LINE, None),
    "adadelta": (lambda p: O.Adadelta(p, weight_decay=0.1), LINE, None),
    "adam_all": (lambda p: O.Adam(p, weight_decay=0.1, amsgrad=True), LINE, None),
    "adamax": (lambda p: O.Adamax(p), LINE, None),
    "radam": (lambda p: O.RAdam(p, weight_decay=0.1), LINE, None),
    "lbfgs": (lambda p: OneIteration(p, lr=0.3), LINE, None),
    "lbfgs_short": (lambda p: OneIteration(p, lr=0.2, history_size=3), LINE, None),
    "newton": (Newton, LINE, None),
    "lbfgs_pair": (lambda p: OneIteration(p, lr=0.3), (LINE, MATRIX), None),
    "newton_pair": (lambda p: Newton(p, iterations=5), (LINE, MATRIX), None),
    "lbfgs_matrix": (lambda p: OneIteration(p, lr=0.3, history_size=5), MATRIX, None),
    "scheduled_steps": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.StepLR(o, 6)),
    "scheduled_cosine": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.SequentialLR(
        o, [S.CosineAnnealingLR(o, 15, eta_min=0.001), S.LambdaLR(o, lambda t: 0.1)], [15])),
    "scheduled_warmup": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 8, 1))),
    "scheduled_cycle": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o:
                        S.OneCycleLR(o, 0.02, total_steps=21, cycle_momentum=False)),
    "scheduled_milestones": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.MultiStepLR(o, [4, 11], 0.5)),
    "scheduled_polynomial": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.PolynomialLR(o, 15, 2.0)),
    "scheduled_ramp": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.LinearLR(o, total_iters=8)),
    "scheduled_restarts": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o:
                        S.CosineAnnealingWarmRestarts(o, 7, eta_min=0.001)),
    "scheduled_exponential": (lambda p: O.SGD(p, lr=0.01), LINE, lambda o: S.ExponentialLR(o, 0.9)),
}


def optimized(make, starts, schedule, steps=20):
    """The params after so many steps."""
    params = [p.clone().requires_grad_() for p in (starts if isinstance(starts, tuple) else (starts,))]
    rule = make(params)
    rate = schedule(rule) if schedule else None
    for _ in range(steps):
        rule.zero_grad()
        objective(params).backward()
        rule.step()
        if rate:
            rate.step()
    return [p.detach() for p in params]
