"""The layers of a graph that 8-bit integers can compute, and the tensors between them.

A layer multiplies its input with constant weights. Its output is that of the activation behind it, where the two run as
one. Weights may serve several layers, as a detector's head does at every level.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from foveal.types.arrays import FloatArray

ACTIVATIONS = frozenset({"Clip", "Relu"})
"""What ONNX Runtime and OpenVINO run as one with the layer before it."""
SAME_RANGE = frozenset({"Flatten", "MaxPool", "Reshape", "Resize", "Slice", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators whose output has their input's range, and so its scale: they then run on integers."""


@dataclass(frozen=True)
class Layer:
    """A layer that can be quantised.

    Attributes:
        name: Of its node.
        kind: Conv, Gemm or MatMul.
        source: Its input.
        weight: Its weights.
        bias: Its bias; empty: none.
        output: What the node gives, before an activation.
        result: What the layer gives, behind its activation.
        axis: Of the weights, the one of the output channels.
        last: Whether no layer follows; its output then stays in float.
    """

    name: str
    kind: str
    source: str
    weight: str
    bias: str
    output: str
    result: str
    axis: int
    last: bool


@dataclass(frozen=True)
class Network:
    """A graph and its layers.

    Attributes:
        proto: The ONNX model; never changed.
        layers: In the order in which they run.
        weights: Constants by name.
        producers: The node that gives each tensor.
    """

    proto: Any
    layers: tuple[Layer, ...]
    weights: dict[str, FloatArray] = field(repr=False)
    producers: dict[str, Any] = field(repr=False)

    @property
    def tensors(self) -> list[str]:
        """What must be known to quantise every layer: inputs and results."""
        return list(dict.fromkeys(name for layer in self.layers for name in (layer.source, layer.result)))

    @property
    def ends(self) -> list[str]:
        """The outputs of the last layers, where the distance of two networks is measured."""
        return [layer.output for layer in self.layers if layer.last]

    def origin(self, tensor: str) -> str:
        """The tensor that a chain of operators of the same range begins with."""
        while (node := self.producers.get(tensor)) is not None and node.op_type in SAME_RANGE:
            tensor = node.input[0]
        return tensor


def find_layers(proto: Any) -> Network:
    """The layers of an ONNX model."""
    from onnx import numpy_helper

    graph = proto.graph
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    producers = {name: node for node in graph.node for name in node.output}
    consumers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            consumers[name].append(node)
    outputs = {one.name for one in graph.output}
    nodes = [node for node in graph.node if _is_layer(node, weights)]
    leading = _leading({node.name for node in nodes}, graph.node, consumers)
    layers = []
    for node in nodes:
        result = after = node.output[0]
        if after not in outputs and len(consumers[after]) == 1 and consumers[after][0].op_type in ACTIVATIONS:
            result = consumers[after][0].output[0]
        layers.append(
            Layer(
                node.name,
                node.op_type,
                node.input[0],
                node.input[1],
                node.input[2] if len(node.input) > 2 else "",
                after,
                result,
                _axis(node),
                node.name not in leading,
            )
        )
    return Network(proto, tuple(layers), weights, producers)


def _is_layer(node: Any, weights: dict[str, FloatArray]) -> bool:
    """Whether the node multiplies something with constant float32 weights, in a form that engines run on integers."""
    if node.op_type not in ("Conv", "Gemm", "MatMul") or len(node.input) < 2:
        return False
    weight = weights.get(node.input[1])
    if weight is None or weight.dtype != np.float32 or node.input[0] in weights:
        return False
    if len(node.input) > 2 and node.input[2] and node.input[2] not in weights:
        return False
    if node.op_type == "Gemm":
        values = {a.name: a for a in node.attribute}
        return all(values[n].f == 1 for n in ("alpha", "beta") if n in values) and not (
            "transA" in values and values["transA"].i
        )
    return weight.ndim == 2 if node.op_type == "MatMul" else weight.ndim == 4


def _axis(node: Any) -> int:
    if node.op_type == "Conv":
        return 0
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return 0 if transposed else 1


def _leading(names: set[str], nodes: Any, consumers: dict[str, list[Any]]) -> set[str]:
    """The layers behind which another layer follows. Nodes stand in the order in which they run."""
    before_layer: set[int] = set()
    leading: set[str] = set()
    for node in reversed(list(nodes)):
        following = [one for name in node.output for one in consumers[name]]
        if any(one.name in names or id(one) in before_layer for one in following):
            before_layer.add(id(node))
            if node.name in names:
                leading.add(node.name)
    return leading
