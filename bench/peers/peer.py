"""What the peers share: a workload read from its folder, and the commands of bench/run.

A peer offers variants: ways to run the step, by name. A variant is a function that starts
afresh from the starting weights and returns `turn`: a function that makes one step on each batch
and returns the losses or predictions, complete when it returns.
"""

import gc
import json
import os
import statistics
import sys
import time

import numpy


class Workload:
    """model, optimizer (None: it predicts) and its options; x[n_batches, B, ...] and, when it
    trains, y[n_batches, B, ...]; by name the weights that are trained and what is kept beside."""

    def __init__(self, folder):
        with open(os.path.join(folder, "workload.json"), encoding="utf-8") as file:
            description = json.load(file)
        self.model = description["model"]
        self.optimizer = description["optimizer"]
        self.options = description["options"]
        self.x, self.y = (
            self.read(os.path.join(folder, name), description["batch"])
            for name in ("x.npy", "y.npy")
        )
        weights = packed(read_safetensors(os.path.join(folder, "start.safetensors")))
        self.kept = {name: w for name, w in weights.items() if ".running_" in name}
        self.trained = {name: w for name, w in weights.items() if name not in self.kept}

    def read(self, path, batch):
        values = numpy.load(path)
        if values.dtype == numpy.uint8:  # classes
            values = values.astype(numpy.int32)
        return values.reshape(-1, batch, *values.shape[1:])


def packed(saved):
    """The weights without the optimizer's states (dense1.W.m belongs to dense1.W), in the layouts
    that the peers are fastest with: gates and heads as rows of a matrix, and the three projections
    of attention one below the other."""
    weights = {n: w for n, w in saved.items() if n.rpartition(".")[0] not in saved}
    for name in list(weights):
        scope, _, last = name.rpartition(".")
        if last in ("Wx", "Wh"):
            weights[name] = weights[name].reshape(-1, weights[name].shape[-1])
        elif scope.startswith("lstm") and last == "b":
            weights[name] = weights[name].reshape(-1)
        elif last in ("Wq", "bq"):
            width = weights[scope + ".bo"].shape
            parts = [weights.pop(f"{scope}.{last[0]}{part}") for part in "qkv"]
            rows = [part.reshape(*width, *part.shape[2:]) for part in parts]
            weights[f"{scope}.{last[0]}qkv"] = numpy.concatenate(rows)
        elif last == "Wo":
            weights[name] = weights[name].reshape(len(weights[name]), -1)
    return weights


def read_safetensors(path):
    """The f32 tensors of a file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    return {
        name: numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def time_steps(start, seconds, n_batches):
    """The median and the least, over turns, of the time a step takes, in microseconds. A turn
    longer than the seconds is measured once, the second time."""
    turn = start()
    turn()
    begun = time.perf_counter()
    turn()
    taken = time.perf_counter() - begun
    if taken > seconds:
        return described([1e9 * taken], n_batches)
    gc.collect()
    gc.disable()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        begun = time.perf_counter_ns()
        turn()
        times.append(time.perf_counter_ns() - begun)
    gc.enable()
    return described(times, n_batches)


def described(nanoseconds, n_batches):
    scale = 1e3 * n_batches
    return {"median": statistics.median(nanoseconds) / scale, "least": min(nanoseconds) / scale}


def first_results(start, n):
    """The losses of steps, or the numbers that were predicted."""
    turn = start()
    results = []
    while len(results) < n:
        for result in turn():
            results += numpy.asarray(result).ravel().tolist()
    return results[:n]


def serve(make_variants):
    """Answers in a line of JSON each: variants, use NAME, losses N, time SECONDS; quit."""
    workload = Workload(sys.argv[1])
    variants = make_variants(workload)
    start = None
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        answer = None
        if command == "quit":
            break
        if command == "variants":
            answer = list(variants)
        elif command == "use":
            start = variants[argument]
        elif command == "losses":
            answer = first_results(start, int(argument))
        elif command == "time":
            answer = time_steps(start, float(argument), len(workload.x))
        else:
            sys.exit(f"unknown command: {line.strip()}")
        print(json.dumps(answer), file=answers, flush=True)
