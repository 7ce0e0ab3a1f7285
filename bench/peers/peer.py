"""What the peers share: a workload read from its folder, and the commands of bench/run.

A peer offers variants: ways to run the training step, by name. A variant is a function that starts
afresh from the starting weights and returns `turn`: a function that makes one step on each batch
and returns the losses, complete when it returns.
"""

import gc
import json
import os
import statistics
import sys
import time

import numpy


class Workload:
    """layers, optimizer, rate; x[n_batches, B, features], y[n_batches, B]; weights W1, b1, W2, …"""

    def __init__(self, folder):
        with open(os.path.join(folder, "workload.json"), encoding="utf-8") as file:
            description = json.load(file)
        self.layers = description["layers"]
        self.optimizer = description["optimizer"]
        self.rate = description["rate"]
        batch = description["batch"]
        x = numpy.load(os.path.join(folder, "x.npy"))
        y = numpy.load(os.path.join(folder, "y.npy"))
        self.x = x.reshape(-1, batch, x.shape[1])
        self.y = y.reshape(-1, batch)
        saved = read_safetensors(os.path.join(folder, "start.safetensors"))
        self.weights = [
            saved[f"dense{k}.{name}"] for k in range(1, len(self.layers)) for name in ("W", "b")
        ]
        self.is_regression = self.layers[-1] == 1


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


def median_step(start, seconds, n_batches):
    """Median over turns of the time a step takes, in microseconds."""
    turn = start()
    turn()
    turn()
    gc.collect()
    gc.disable()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        begun = time.perf_counter_ns()
        turn()
        times.append(time.perf_counter_ns() - begun)
    gc.enable()
    return statistics.median(times) / 1e3 / n_batches


def first_losses(start, n):
    turn = start()
    losses = []
    while len(losses) < n:
        losses += [float(loss) for loss in turn()]
    return losses[:n]


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
            answer = first_losses(start, int(argument))
        elif command == "time":
            answer = median_step(start, float(argument), len(workload.x))
        else:
            sys.exit(f"unknown command: {line.strip()}")
        print(json.dumps(answer), file=answers, flush=True)
