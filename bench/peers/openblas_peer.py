"""C written by hand, with OpenBLAS for its products: the files in openblas/, compiled here with the
flags of the generated C, and with a vector exp where the C library has one."""

import ctypes
import os
import platform
import sys

import numpy
import scipy_openblas32

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))

import workbench
from peer import serve

POINTER, INT, FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_float


def library():
    """The files as one shared library, linked with the OpenBLAS of the Python package."""
    folder = os.path.join(HERE, "openblas")
    sources = [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".c")]
    built = os.path.join(workbench.WORK, f"libopenblas_models.{os.getpid()}.so")
    blas, name = scipy_openblas32.get_lib_dir(), scipy_openblas32.get_library()
    vector_exp = ["-fveclib=libmvec", "-lmvec"] if platform.machine() == "x86_64" else []
    command = [workbench.find_clang(), *workbench.C_FLAGS, "-ffast-math", "-Wall", "-Wextra"]
    command += ["-shared", "-fPIC", "-I" + scipy_openblas32.get_include_dir()]
    command += [*sources, "-o", built, "-L" + blas]
    workbench.run_quietly([*command, "-Wl,-rpath," + blas, "-l" + name, *vector_exp, "-lm"])
    loaded = ctypes.CDLL(built)
    os.remove(built)
    for make in (loaded.mlp_make, loaded.lenet_make, loaded.lstm_make):
        make.restype = POINTER
    return loaded


# Parameters in the order of the C.
LENET = ["conv2d1.K", "conv2d1.b", "conv2d2.K", "conv2d2.b"]
LSTM = ["embedding1.E", "lstm1.Wx", "lstm1.Wh", "lstm1.b", "dense1.W", "dense1.b"]


def names_of(workload):
    if workload.model == "char_lstm":
        return LSTM
    n_dense = sum(n.startswith("dense") and n.endswith(".W") for n in workload.trained)
    dense = [f"dense{k + 1}.{part}" for k in range(n_dense) for part in "Wb"]
    return dense if workload.model == "mlp" else LENET + dense


def integers(values):
    return (ctypes.c_int * len(values))(*values)


def model_of(lib, workload, parameters):
    """The model's struct, whose parameters are changed in place."""
    batch, trained = workload.x.shape[1], workload.trained
    rate = FLOAT((workload.options or {}).get("lr", 0.0))
    address = POINTER(parameters.ctypes.data)
    if workload.model == "lenet":
        return lib.lenet_make(batch, address, rate)
    if workload.model == "char_lstm":
        steps, (symbols, embedded) = workload.x.shape[2], trained["embedding1.E"].shape
        hidden = trained["lstm1.Wh"].shape[1]
        return lib.lstm_make(integers([batch, steps, symbols, embedded, hidden]), address, rate)
    weights = [trained[name] for name in names_of(workload) if name.endswith(".W")]
    widths = [weights[0].shape[1]] + [w.shape[0] for w in weights]
    is_adam = int(workload.optimizer == "adam")
    return lib.mlp_make(len(weights), integers(widths), batch, address, is_adam, rate)


def variants(workload):
    if workload.model not in ("mlp", "lenet", "char_lstm"):
        return {}
    lib = library()
    name = "lstm" if workload.model == "char_lstm" else workload.model

    trains = workload.optimizer is not None
    call = getattr(lib, name + ("_train" if trains else "_predict"))
    batches = len(workload.x)

    def start(threads):
        lib.scipy_openblas_set_num_threads(threads)
        names = names_of(workload)
        parameters = numpy.concatenate([workload.trained[name].ravel() for name in names])
        model = POINTER(model_of(lib, workload, parameters))
        x, y = (numpy.ascontiguousarray(values) for values in (workload.x, workload.y))
        width = 1 if trains else len(workload.trained[names[-1]])
        results = numpy.zeros((batches, width), numpy.float32)
        data = [x.ctypes.data, y.ctypes.data] if trains else [x.ctypes.data]

        def turn():
            call(model, batches, *map(POINTER, data), POINTER(results.ctypes.data))
            return results

        turn.keeps = parameters, x, y
        return turn

    threads = len(os.sched_getaffinity(0))
    found = {"C": lambda: start(threads)}
    if threads > 1:
        found["C, one thread"] = lambda: start(1)
    return found


serve(variants)
