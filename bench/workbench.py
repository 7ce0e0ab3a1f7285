"""What bench/run and bench/parity share: the workloads, the programs that run them, and the virtual
environment for the peers."""

import array
import json
import math
import os
import random
import select
import shutil
import statistics
import struct
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
WORK = os.path.join(ROOT, "build", "bench")
PYTHON = os.path.join(BENCH, ".venv", "bin", "python")

# As compiler/build.c calls clang.
C_FLAGS = ["-std=gnu11", "-O2", "-march=native", "-ffp-contract=fast", "-fno-math-errno"]

LOSSES = 32  # steps compared before anything is timed, unless the workload says otherwise
TOLERANCE = 1e-4  # of losses, relative; bench/parity is stricter
BATCHES = 16  # more than fit into a core's second-level cache, from W2·128 on

# What runs beside us at its best: large blocks come from the heap, not from the system each time.
PEER_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "2147483648",
    "TORCHINDUCTOR_CACHE_DIR": os.path.join(WORK, "inductor"),
}



class Peer:
    """What runs beside us: a script in peers/. module: to import; packages: for pip, the first with
    the peer's version."""

    def __init__(self, title, module, *packages):
        self.title, self.imports, self.packages = title, ("numpy", module), packages


PEERS = {
    "torch": Peer("PyTorch", "torch", "torch==2.13.0"),
    "jax": Peer("JAX", "jax", "jax==0.10.2", "jaxlib==0.10.2"),
    "tensorflow": Peer("TensorFlow", "tensorflow", "tensorflow-cpu==2.21.0"),
    "tinygrad": Peer("tinygrad", "tinygrad", "tinygrad==0.14.0"),
    "onnxruntime": Peer("ONNX Runtime", "onnxruntime", "onnxruntime==1.32.0", "onnx==1.23.2"),
    "openblas": Peer("C with OpenBLAS", "scipy_openblas32", "scipy-openblas32==0.3.34.481.3"),
}

PAUSE = 0.3  # seconds between turns, for the threads of the one before to fall asleep
DISTURBANCE = 0.05  # of a contestant's processors, others may use so many
DISTURBED_TURNS = 5
PATIENCE = 120  # seconds for the losses of a variant, with all that it compiles before
HOPELESS = 10  # times the fastest peer's time on fewer threads: not tried on more
FAR = 3  # times the fastest's time: what is slower need not be timed well


class Failure(Exception):
    """Something that the user should read; the run cannot go on."""


class TooSlow(Failure):
    """A contestant did not answer in time."""


class Workload:
    """One step to be measured: its .dag, and what the peers need to do the same.

    model: its name in peers/*_models.py. optimizer: torch.optim's name in small letters with its
    options; None when the step is a prediction. shape: of a row of x; classes: how many y has, 1
    for regression; text: x are symbols, as many as classes, and y those that come next.
    products: the multiplications of the contractions forward, a row; constant: those among them
    whose operand beside the weights is data, so that only the weights have a gradient. weights: how
    many its matrices have, of a prediction."""

    def __init__(self, name, title, dag, model, batch, optimizer, *, shape, classes, products,
                 constant=0, weights=None, text=False, losses=LOSSES, **options):  # fmt: skip
        self.name, self.title, self.dag, self.model = name, title, dag, model
        self.batch, self.optimizer, self.options = batch, optimizer, options
        self.shape, self.classes, self.text = shape, classes, text
        self.products, self.constant, self.losses = products, constant, losses
        self.weights = weights
        self.folder = os.path.join(WORK, name)

    def weight_bytes(self):
        """What a step reads at least: its matrices of weights, f32; None when nobody counted."""
        return None if self.weights is None else 4 * self.weights

    def flops(self):
        """Of the contractions in a step: each forward, by its weights and by its other operand; a
        multiplication and an addition each."""
        if self.optimizer is None:
            return 2 * self.batch * self.products
        return 2 * self.batch * (3 * self.products - self.constant)


def multilayer(*layers):
    products = [a * b for a, b in zip(layers, layers[1:])]
    return {"shape": (layers[0],), "classes": layers[-1], "products": sum(products),
            "weights": sum(products), "constant": products[0]}  # fmt: skip


def lenet():
    first = 6 * 28 * 28 * 5 * 5
    second = 16 * 10 * 10 * 6 * 5 * 5
    last = 400 * 120 + 120 * 84 + 84 * 10
    return {"shape": (1, 28, 28), "classes": 10, "products": first + second + last,
            "weights": 25 * 6 + 25 * 6 * 16 + last, "constant": first}  # fmt: skip


def char_lstm(symbols=64, embedded=64, hidden=256, steps=64):
    """The recurrent product of the first step is with zeros."""
    products = 4 * hidden * (steps * embedded + (steps - 1) * hidden) + steps * hidden * symbols
    return {"shape": (steps,), "classes": symbols, "text": True, "products": products}


def gpt(layers=4, width=128, steps=64, symbols=256):
    """A position sees those before it and itself: (steps + 1) / 2 on average, twice."""
    a_position = layers * width * (12 * width + steps + 1) + width * symbols
    return {"shape": (steps,), "classes": symbols, "text": True, "products": steps * a_position}


def resnet():
    first, products = 32 * 32 * 3 * 16 * 9, 64 * 10
    for side, filters in ((32, 16), (16, 32), (8, 64)):
        products += side**2 * 6 * 9 * filters**2
        if side < 32:  # the first block: half the channels come in, and go round it too
            products += side**2 * (filters // 2 * filters - 9 * filters // 2 * filters)
    return {"shape": (3, 32, 32), "classes": 10, "products": first + products, "constant": first}


W3, W4 = multilayer(784, 256, 128, 10), lenet()

WORKLOADS = [
    Workload("w1", "W1", "w1.dag", "mlp", 32, "sgd", lr=0.01, **multilayer(13, 1)),
    Workload("w2-32", "W2 · 32", "w2.dag", "mlp", 32, "sgd", lr=0.01, **multilayer(784, 10)),
    Workload("w2-128", "W2 · 128", "w2.dag", "mlp", 128, "sgd", lr=0.01, **multilayer(784, 10)),
    Workload("w3-sgd", "W3 · SGD", "w3.dag", "mlp", 64, "sgd", lr=0.01, **W3),
    Workload("w3-adam", "W3 · Adam", "w3-adam.dag", "mlp", 64, "adam", lr=1e-4, **W3),
    Workload("w4", "W4", "w4.dag", "lenet", 64, "adam", lr=1e-3, **W4),
    Workload("w5", "W5", "w5.dag", "char_lstm", 32, "adam", lr=1e-3, **char_lstm()),
    Workload("w6", "W6", "w6.dag", "gpt", 16, "adamw", lr=1e-3, weight_decay=0.01, **gpt()),
    Workload("w7", "W7", "w7.dag", "resnet", 32, "sgd", lr=1e-4, momentum=0.9, **resnet()),
    Workload("i3", "I3", "i3.dag", "mlp", 1, None, **W3),
    Workload("i4", "I4", "i4.dag", "lenet", 1, None, **W4),
]


def chosen(names):
    """The workloads so named, in any case; W2 and W3 stand for all that begin with it. All when
    there are no names."""
    found = []
    for name in names:
        of_name = [w for w in WORKLOADS if name.lower() in (w.name, w.name.split("-")[0])]
        if not of_name:
            raise Failure(f"no workload '{name}'; there are {', '.join(w.name for w in WORKLOADS)}")
        found += [w for w in of_name if w not in found]
    return found or WORKLOADS


# --- data ---


def write_npy(path, code, type_code, shape, values):
    size = "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    header = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {size}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        array.array(type_code, values).tofile(file)


def make_data(w):
    dice = random.Random(1)
    (make_text if w.text else make_rows)(w, dice)
    description = {k: getattr(w, k) for k in ("model", "batch", "optimizer", "options")}
    with open(os.path.join(w.folder, "workload.json"), "w", encoding="utf-8") as file:
        json.dump(description, file)


def make_rows(w, dice):
    """A prototype for each class under noise, a fifth of the labels wrong: the loss falls, but not
    to zero. For regression, a linear function under noise. The numbers are multiples of 1/256."""
    rows, width = BATCHES * w.batch, math.prod(w.shape)
    prototypes = [dice.randbytes(width) for _ in range(w.classes)]
    x, y = [], []
    for _ in range(rows):
        label = dice.randrange(w.classes)
        noise = dice.randbytes(width)
        row = [(p // 4 + 3 * q // 4) / 256 for p, q in zip(prototypes[label], noise)]
        x += row
        if w.classes == 1:
            slope = sum(a * p for a, p in zip(row, prototypes[0])) / 256 / width
            y.append(slope + dice.randrange(-8, 9) / 64)
        else:
            y.append(label if dice.random() < 0.8 else dice.randrange(w.classes))
    write_npy(os.path.join(w.folder, "x.npy"), "<f4", "f", (rows, *w.shape), x)
    code, type_code = ("<f4", "f") if w.classes == 1 else ("|u1", "B")
    write_npy(os.path.join(w.folder, "y.npy"), code, type_code, (rows,), y)


def make_text(w, dice):
    """Each symbol has one that follows it mostly; every fifth is any."""
    follower = dice.sample(range(w.classes), w.classes)
    x, y = [], []
    for _ in range(BATCHES * w.batch):
        text = [dice.randrange(w.classes)]
        while len(text) <= w.shape[0]:
            expected = follower[text[-1]]
            text.append(expected if dice.random() < 0.8 else dice.randrange(w.classes))
        x += text[:-1]
        y += text[1:]
    for name, values in (("x.npy", x), ("y.npy", y)):
        write_npy(os.path.join(w.folder, name), "|u1", "B", (BATCHES * w.batch, *w.shape), values)


# --- building ---


def run_quietly(command):
    """Runs it to its end; what it printed is shown when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(
            f"{' '.join(command)}\nfailed ({done.returncode}):\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def runtime_sources():
    """The trainer: all of its C files."""
    runtime = os.path.join(ROOT, "runtime")
    return [os.path.join(runtime, f) for f in sorted(os.listdir(runtime)) if f.endswith(".c")]


def find_clang():
    clang = os.environ.get("DAGC_CC") or shutil.which("clang")
    if clang is None:
        raise Failure("clang was not found: install it (scripts/setup), or name it in DAGC_CC")
    return clang


def median_seconds(command, times):
    """Runs a command several times."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        run_quietly(command)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


class Built:
    """A workload's harness, and what it took to make it."""

    def __init__(self, w, dagc):
        os.makedirs(w.folder, exist_ok=True)
        make_data(w)
        clang = find_clang()
        model = os.path.splitext(w.dag)[0]
        source = os.path.join(w.folder, model + ".c")
        compile_model = [dagc, os.path.join(BENCH, "workloads", w.dag), "-D", f"B={w.batch}"]
        compile_model += ["--no-main", "-o", source]
        if w.optimizer is None:
            compile_model += ["--only", "predict"]
        self.dagc_seconds = median_seconds(compile_model, 11)
        with open(source, encoding="utf-8") as file:
            text = file.read()
        self.text, self.lines = text, text.count("\n")
        self.has_threads = "omp parallel" in text
        self.flags = flags = C_FLAGS + (["-fopenmp"] if self.has_threads else [])
        built = os.path.join(w.folder, "model.o")
        self.clang_seconds = median_seconds([clang, *flags, "-c", source, "-o", built], 3)
        self.harness = os.path.join(w.folder, "harness")
        symbol = model.replace("-", "_") + "_model"
        link = [
            clang,
            *flags,
            f"-DMODEL={symbol}",
            os.path.join(BENCH, "harness.c"),
            *runtime_sources(),
            built,
        ]
        run_quietly(link + ["-o", self.harness, "-lz", "-lm"])
        with self.start(w, 1) as harness:
            harness.ask("save " + os.path.join(w.folder, "start.safetensors"))

    def start(self, w, threads):
        names = ["x.npy"] if w.optimizer is None else ["x.npy", "y.npy"]
        data = [os.path.join(w.folder, name) for name in names]
        return Contestant("dagc", [self.harness, *data], threads)


# --- running ---


def processors(threads):
    """The last ones that this process may use: the first is the busiest with everything else."""
    allowed = sorted(os.sched_getaffinity(0))
    if threads > len(allowed):
        raise Failure(f"{threads} threads asked for, but there are {len(allowed)} processors")
    return set(allowed[-threads:])


def busy_seconds(on):
    """For how long these processors have been busy, all together."""
    ticks = 0
    with open("/proc/stat", encoding="utf-8") as file:
        for line in file:
            name, *fields = line.split()
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in on:
                user, nice, system, _, _, irq, soft_irq, steal = map(int, fields[:8])
                ticks += user + nice + system + irq + soft_irq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def process_environment(more):
    """Without the settings of a machine for old builds of OpenBLAS: the peers choose their own."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    return {**ours, **more}


class Contestant:
    """A process that answers lines (harness.c, peers/peer.py), on as many processors as threads."""

    def __init__(self, name, command, threads, environment=None):
        self.name = name
        self.disturbance = 0.0  # of its processors, others used so many in the worst turn
        self.least = math.inf  # of the times of a step, in microseconds
        self.log = os.path.join(WORK, name + ".log")
        more = {**(environment or {}), "OMP_NUM_THREADS": str(threads)}
        self.on = on = processors(threads)
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env=process_environment(more), preexec_fn=lambda: os.sched_setaffinity(0, on),
            )  # fmt: skip

    def ask(self, question, limit=None):
        """The answer; with a limit in seconds the process ends where it takes longer."""
        answer = ""
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], limit)[0]:
                self.process.kill()
                raise TooSlow(f"more than {limit} s for '{question}'")
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            pass
        if answer == "":
            with open(self.log, encoding="utf-8") as log:
                raise Failure(f"{self.name} ended at '{question}':\n{log.read()[-3000:]}")
        return json.loads(answer)

    def processor_seconds(self):
        """What the process has used so far, all its threads together."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def others_seconds(self):
        return busy_seconds(self.on) - self.processor_seconds()

    def time_step(self, seconds):
        """The median time of a step, in microseconds; the least of all stays in self.least. Asked
        again while other processes are at work on its processors; the least disturbed answer
        counts."""
        best = None
        for _ in range(DISTURBED_TURNS):
            time.sleep(PAUSE)
            others, begun = self.others_seconds(), time.perf_counter()
            answer = self.ask(f"time {seconds}")
            self.least = min(self.least, answer["least"])
            share = (self.others_seconds() - others) / (time.perf_counter() - begun)
            if best is None or share < best[0]:
                best = share, answer["median"]
            if share < DISTURBANCE:
                break
        self.disturbance = max(self.disturbance, best[0])
        return best[1]

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return 1024 * int(line.split()[1])
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except BrokenPipeError:  # it has ended
            pass
        self.process.wait()
        self.process.stdout.close()


def start_peer(peer, w, threads):
    script = os.path.join(BENCH, "peers", peer + "_peer.py")
    return Contestant(peer, [PYTHON, script, w.folder], threads, PEER_ENVIRONMENT)


def version_of(peer):
    """The peer's version, or None when it cannot be imported."""
    if not os.path.exists(PYTHON):
        return None
    package = PEERS[peer].packages[0].partition("==")[0]
    script = f"import {', '.join(PEERS[peer].imports)}\nfrom importlib.metadata import version\n"
    command = [PYTHON, "-c", script + f"print(version('{package}'))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1] if done.returncode == 0 else None


def provide(peer):
    """Installs a peer into bench/.venv when it is not there; its version, or None."""
    version = version_of(peer)
    if version is not None:
        return version
    packages = PEERS[peer].packages
    print(f"installing {' '.join(packages)} into bench/.venv…", file=sys.stderr)
    try:
        if not os.path.exists(PYTHON):
            run_quietly([sys.executable, "-m", "venv", os.path.join(BENCH, ".venv")])
        run_quietly([PYTHON, "-m", "pip", "install", "-q", "numpy", *packages])
    except Failure as failure:
        print(failure, file=sys.stderr)
    version = version_of(peer)
    if version is None:
        print(f"{peer} is missing: rows without it", file=sys.stderr)
    return version


def disagreement(losses, others):
    """The largest relative difference between two runs, and the step where it is (from 1)."""
    errors = [abs(a - b) / max(abs(b), 1e-30) for a, b in zip(losses, others)]
    errors = [e if e == e else float("inf") for e in errors]
    worst = max(range(len(errors)), key=errors.__getitem__)
    return errors[worst], worst + 1
