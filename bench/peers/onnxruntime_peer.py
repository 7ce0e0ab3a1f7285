"""ONNX Runtime: predictions of a graph made with onnx.helper, weights as constants; the output is
allocated once (IO binding), or by each call."""

import os

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from peer import serve


class Graph:
    """Nodes are appended in order; a value is known by its name."""

    def __init__(self, weights):
        self.weights, self.nodes = weights, []

    def apply(self, kind, *inputs, **attributes):
        output = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def mlp(self, x):
        last = sum(name.startswith("dense") and name.endswith(".W") for name in self.weights)
        for k in range(1, last + 1):
            x = self.apply("Gemm", x, f"dense{k}.W", f"dense{k}.b", transB=1)
            x = self.apply("Relu", x) if k < last else x
        return x

    def lenet(self, x):
        for k, pad in ((1, 2), (2, 0)):
            x = self.apply("Conv", x, f"conv2d{k}.K", f"conv2d{k}.b", pads=[pad] * 4)
            x = self.apply("Relu", x)
            x = self.apply("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        return self.mlp(self.apply("Flatten", x))

    def model(self, z, shape):
        y = self.apply("Softmax", z, axis=-1)
        constants = [numpy_helper.from_array(w.copy(), name) for name, w in self.weights.items()]
        x_info = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
        y_info = helper.make_tensor_value_info(y, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "predict", [x_info], [y_info], constants)
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9), y


def session_of(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def variants(workload):
    if workload.optimizer is not None or workload.model not in ("mlp", "lenet"):
        return {}
    graph = Graph(workload.trained)
    model, y = graph.model(getattr(graph, workload.model)("x"), workload.x.shape[1:])

    def start_run(threads):
        session = session_of(model, threads)
        return lambda: [session.run([y], {"x": x})[0] for x in workload.x]

    def start_bound(threads):
        session = session_of(model, threads)
        make = onnxruntime.OrtValue.ortvalue_from_numpy
        bindings, results = [], []
        first = session.run([y], {"x": workload.x[0]})[0]
        for x in workload.x:
            binding, result = session.io_binding(), make(numpy.zeros_like(first))
            binding.bind_ortvalue_input("x", make(numpy.ascontiguousarray(x)))
            binding.bind_ortvalue_output(y, result)
            bindings.append(binding)
            results.append(result)

        values = [result.numpy() for result in results]

        def turn():
            for binding in bindings:
                session.run_with_iobinding(binding)
            return values

        return turn

    threads = len(os.sched_getaffinity(0))
    found = {"run": lambda: start_run(threads), "bound": lambda: start_bound(threads)}
    if threads > 1:
        found["bound, one thread"] = lambda: start_bound(1)
    return found


serve(variants)
