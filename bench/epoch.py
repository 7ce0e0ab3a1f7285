"""What the trainer does beside its steps, in an epoch of W2 over as many rows as MNIST has."""

import json
import os
import random
import struct

import workbench

ROWS, PIXELS, BATCH = 60000, 784, 128
FOLDER = os.path.join(workbench.WORK, "epoch")


def write_idx(path, shape, values):
    if os.path.exists(path):
        return
    with open(path, "wb") as file:
        file.write(struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape) + values)


def make_data():
    rng = random.Random(1)
    x, y = os.path.join(FOLDER, "x.idx"), os.path.join(FOLDER, "y.idx")
    write_idx(x, (ROWS, PIXELS), rng.randbytes(ROWS * PIXELS))
    write_idx(y, (ROWS,), bytes(rng.randrange(10) for _ in range(ROWS)))
    return [f"x={x}", f"y={y}"]


def measure(dagc):
    """In microseconds: the trainer's epoch with a processor left over and without, its steps alone."""
    os.makedirs(FOLDER, exist_ok=True)
    source, program = os.path.join(FOLDER, "w2.c"), os.path.join(FOLDER, "epoch")
    dag = os.path.join(workbench.BENCH, "workloads", "w2.dag")
    workbench.run_quietly([dagc, dag, "-D", f"B={BATCH}", "--no-main", "-o", source])
    runtime = os.path.join(workbench.ROOT, "runtime")
    sources = [
        os.path.join(runtime, name)
        for name in sorted(os.listdir(runtime))
        if name.endswith(".c") and name != "train.c"
    ]
    command = [workbench.find_clang(), *workbench.C_FLAGS, "-fopenmp", "-DMODEL=w2_model"]
    command += [os.path.join(workbench.BENCH, "epoch.c"), *sources, source, "-o", program]
    workbench.run_quietly(command + ["-lz", "-lm"])
    return json.loads(workbench.run_quietly([program, *make_data()]).splitlines()[-1])


def text(dagc):
    helped, by_itself, alone = measure(dagc)
    return (
        f"An epoch of W2 · {BATCH} over {ROWS:,} rows takes the trainer {helped / 1e3:.1f} ms on one "
        f"thread, its steps alone, on rows as they lie, {alone / 1e3:.1f} ms: "
        f"**{100 * (helped / alone - 1):+.0f} %**. The batches are made by another processor; where "
        f"there is none it takes {by_itself / 1e3:.1f} ms, {100 * (by_itself / alone - 1):+.0f} % "
        f"(the least of 15 turns each)."
    )


if __name__ == "__main__":
    print(text(os.path.join(workbench.ROOT, "build", "dagc")))
