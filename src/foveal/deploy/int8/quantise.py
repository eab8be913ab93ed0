"""Write a graph whose layers run on 8-bit integers: pairs of QuantizeLinear and DequantizeLinear (QDQ).

Both ONNX Runtime and OpenVINO read the pairs and run what lies between them on integers. Weights are signed and
symmetric, with a scale per output channel, of 7 bits unless the layer is depthwise (``MOST_SUMMED``); what flows
between layers is unsigned, with one scale and zero point per tensor. A bias has the scale of input times weight, in 32
bits.

Rounding weights shifts the mean of a layer's output. That shift is known from the means of its input, and is taken out
of the bias (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2,
with means seen in calibration).

Shapes: C output channels, I input channels of a group.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from foveal.deploy.int8.calibration import LEVELS, Ranges
from foveal.deploy.int8.layers import Layer, Network
from foveal.types.arrays import Array, FloatArray

MOST = 127
"""Largest weight of a depthwise layer, whose products are summed in 32 bits everywhere."""
MOST_SUMMED = 63
"""Largest weight of other layers. Processors without VNNI multiply pairs and sum them in 16 bits, which saturate where
2 x 255 x 127 is possible: then the same file gives other results there. 2 x 255 x 63 fits."""
SMALLEST_SCALE = 1e-12
LARGEST_BIAS = 2**30


def quantise(
    network: Network, ranges: Ranges, names: Collection[str], *, means: Mapping[str, FloatArray] | None = None
) -> Any:
    """The model with the named layers on integers.

    Args:
        network: The graph in float.
        ranges: Of every tensor around these layers.
        names: Of the layers.
        means: (channels,) the mean of each layer's input, for the bias; None: it is not corrected.

    Returns:
        An ``onnx.ModelProto``.
    """
    import onnx

    proto = onnx.ModelProto()
    proto.CopyFrom(network.proto)
    return _Writer(network, ranges, proto, means or {}).write([one for one in network.layers if one.name in names])


class _Writer:
    """One model being rewritten."""

    def __init__(self, network: Network, ranges: Ranges, proto: Any, means: Mapping[str, FloatArray]) -> None:
        self.network, self.ranges, self.proto, self.means = network, ranges, proto, means
        self.nodes = {node.name: node for node in proto.graph.node}
        self.before: list[Any] = []
        self.pairs: dict[str, list[Any]] = {}
        self.integers: dict[str, tuple[str, Array, FloatArray]] = {}

    def write(self, layers: list[Layer]) -> Any:
        """Quantise the layers."""
        import onnx

        inputs = {layer.source for layer in layers}
        between = inputs | {layer.result for layer in layers if not layer.last}
        for layer in layers:
            self._weights(layer)
        dequantised = {name: self._pair(name) for name in between}
        for node in self.proto.graph.node:
            for place, name in enumerate(node.input):
                if name in dequantised:
                    node.input[place] = dequantised[name]
        ordered = [*self.before]
        for name in {one.name for one in self.proto.graph.input}:
            ordered += self.pairs.get(name, [])
        for node in self.proto.graph.node:
            ordered.append(node)
            for name in node.output:
                ordered += self.pairs.get(name, [])
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
        del self.proto.graph.node[:]
        self.proto.graph.node.extend(copies)
        self._drop_unused()
        return self.proto

    def _pair(self, name: str) -> str:
        """Quantise and dequantise a tensor; operators that keep the range use the scale of what they were given."""
        from onnx import helper

        low, high = self._range(name)
        scale = max((high - low) / LEVELS, SMALLEST_SCALE)
        zero = int(np.clip(round(-low / scale), 0, LEVELS))
        self._constant(f"{name}_scale", np.float32(scale))
        self._constant(f"{name}_zero", np.uint8(zero))
        parameters = [f"{name}_scale", f"{name}_zero"]
        self.pairs[name] = [
            helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_q"], name=f"{name}_quantise"),
            helper.make_node("DequantizeLinear", [f"{name}_q", *parameters], [f"{name}_dq"], name=f"{name}_dequantise"),
        ]
        return f"{name}_dq"

    def _range(self, name: str) -> tuple[float, float]:
        origin = self.network.origin(name)
        low, high = self.ranges.get(origin, self.ranges[name])
        node = self.network.producers.get(origin)
        if node is not None and node.op_type == "Relu":
            low = 0.0
        return min(low, 0.0), max(high, 0.0)

    def _weights(self, layer: Layer) -> None:
        """Integer weights, shared by all layers that have the same, and a bias of the layer's own."""
        node, weight = self.nodes[layer.name], self.network.weights[layer.weight]
        low, high = self._range(layer.source)
        input_scale = max((high - low) / LEVELS, SMALLEST_SCALE)
        bias = self.network.weights[layer.bias] if layer.bias else None
        if layer.weight not in self.integers:
            most = MOST if layer.kind == "Conv" and weight.shape[1] == 1 else MOST_SUMMED
            scale = weight_scale(weight, layer.axis, most=most)
            if bias is not None and bias.size == scale.size:
                scale = np.maximum(scale, np.abs(bias) / (LARGEST_BIAS * input_scale)).astype(np.float32)
            integers = np.clip(np.rint(weight / _along(scale, weight, layer.axis)), -most, most).astype(np.int8)
            self._dequantise(layer.weight, integers, scale, axis=layer.axis)
            self.integers[layer.weight] = (f"{layer.weight}_dq", integers, scale)
        name, integers, scale = self.integers[layer.weight]
        node.input[1] = name
        shift = self._shift(layer, weight, integers * _along(scale, weight, layer.axis))
        if layer.kind == "MatMul" or (bias is None and shift is None) or (bias is not None and bias.ndim != 1):
            return
        values = (0 if bias is None else bias.astype(np.float64)) - (0 if shift is None else shift)
        step = scale.astype(np.float64) * input_scale
        whole = np.clip(np.rint(values / step), -(2**31) + 1, 2**31 - 1).astype(np.int32)
        place = f"{layer.name}_bias"
        self._dequantise(place, whole, step.astype(np.float32), axis=0)
        if len(node.input) > 2:
            node.input[2] = f"{place}_dq"
        else:
            node.input.append(f"{place}_dq")

    def _shift(self, layer: Layer, weight: FloatArray, rounded: FloatArray) -> FloatArray | None:
        """(C,) how far rounding the weights moves the mean of each output channel; None: not known."""
        mean = self.means.get(layer.source)
        if mean is None or layer.kind == "MatMul":
            return None
        error = rounded.astype(np.float64) - weight
        if layer.kind == "Gemm":
            error = error if layer.axis == 0 else error.T
            return error @ mean if error.shape[1] == mean.size else None
        error = error.sum((2, 3))
        outputs, per_group = error.shape
        groups = mean.size // per_group
        if groups * per_group != mean.size or outputs % groups:
            return None
        by_group = np.repeat(mean.reshape(groups, per_group), outputs // groups, axis=0)
        shift: FloatArray = (error * by_group).sum(1)
        return shift

    def _dequantise(self, name: str, integers: Array, scale: FloatArray, *, axis: int) -> None:
        from onnx import helper

        self._constant(f"{name}_q", integers)
        self._constant(f"{name}_scale", scale)
        self._constant(f"{name}_zero", np.zeros(scale.shape, integers.dtype))
        inputs = [f"{name}_q", f"{name}_scale", f"{name}_zero"]
        self.before.append(
            helper.make_node("DequantizeLinear", inputs, [f"{name}_dq"], name=f"{name}_dequantise", axis=axis)
        )

    def _constant(self, name: str, value: Any) -> None:
        from onnx import numpy_helper

        self.proto.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))

    def _drop_unused(self) -> None:
        used = {name for node in self.proto.graph.node for name in node.input}
        used |= {one.name for one in self.proto.graph.output}
        kept = [one for one in self.proto.graph.initializer if one.name in used]
        copies = [type(one).FromString(one.SerializeToString()) for one in kept]
        del self.proto.graph.initializer[:]
        self.proto.graph.initializer.extend(copies)


def weight_scale(weight: FloatArray, axis: int, *, most: int) -> FloatArray:
    """(C,) the scale of each output channel: its largest weight becomes ``most``."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale: FloatArray = np.maximum(np.abs(weight).max(others) / most, SMALLEST_SCALE).astype(np.float32)
    return scale


def _along(scale: FloatArray, weight: FloatArray, axis: int) -> FloatArray:
    return scale.reshape([-1 if i == axis else 1 for i in range(weight.ndim)])
