"""A recurrent network as one ONNX graph, written node by node with ONNX's own cells.

The number of streams and of steps is free, and the state is an input and an output: with one step the graph is the step
form, with many the sequence form.

Shapes: B streams, T steps, D features of a state, L layers, K characters, F values.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from foveal.artifact.card import Card
from foveal.models.recurrent.attention import PastAttention
from foveal.models.recurrent.network import CharacterNetwork, Recurrent, SeriesNetwork
from foveal.tasks.table import get_stream
from foveal.types.arrays import Array

OPSET = 18
AFTER = "_after"
"""What the names of the states' outputs end in."""
GATES = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""ONNX's order of gates: input, output, forget, cell; update, reset, new. torch has i f g o and r z n."""
MEANINGS = {
    "outputs": "After each step, what the network says of the next: logits of the alphabet, or values.",
    "h_after": "States after the last step: give them as h with the next steps; before the first they are zeros.",
}


class Graph:
    """Nodes, and the constants they use; each call adds one and gives its output's name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array | np.generic) -> str:
        """A constant of its own."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: Sequence[str] = (), **attributes: object) -> str:
        """A node; the name of its first output."""
        names = list(outputs) or [f"{kind.lower()}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0]

    def ints(self, *values: int) -> str:
        """A constant list of whole numbers."""
        return self.constant(np.array(values, np.int64))


def to_onnx(network: Recurrent, card: Card) -> bytes:
    """The graph with the card in its metadata."""
    graph, before = Graph(), network.begin(1)
    encoded = _encode(graph, network)
    states, after = _cells(graph, network, graph.add("Transpose", encoded, perm=[1, 0, 2]))
    states = graph.add("Transpose", states, perm=[1, 0, 2])
    if network.attention is not None:
        context = _attention(graph, network.attention, states)
        states = graph.add("Add", states, context)
        after += ["seen", "filled"]
    _decode(graph, network, states)
    kind = TensorProto.INT64 if isinstance(network, CharacterNetwork) else TensorProto.FLOAT
    width = [] if isinstance(network, CharacterNetwork) else [len(network.get_buffer("mean"))]
    shapes = {
        name: ["streams" if axis == _batch_axis(name) else size for axis, size in enumerate(value.shape)]
        for name, value in before.items()
    }
    inputs = [helper.make_tensor_value_info("steps", kind, ["streams", "steps", *width])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["streams", "steps", _num_outputs(network)])]
    outputs += [helper.make_tensor_value_info(name + AFTER, TensorProto.FLOAT, shapes[name]) for name in after]
    made = helper.make_graph(graph.nodes, "foveal", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="foveal")
    model.ir_version = 9  # what ONNX Runtime 1.18 reads
    onnx.checker.check_model(model, full_check=True)
    names = [output.name for output in outputs]
    card = card.model_copy(update={"outputs": {name: MEANINGS[name] for name in names if name in MEANINGS}})
    helper.set_model_props(model, {"foveal": card.model_dump_json(), "foveal.kind": get_stream(card.task).kind})
    content: bytes = model.SerializeToString()
    return content


def _batch_axis(name: str) -> int:
    """States of cells have their layers first."""
    return 1 if name in ("h", "c") else 0


def _weights(network: Recurrent, name: str) -> Array:
    value: Array = network.get_parameter(name).detach().cpu().float().numpy()
    return value


def _num_outputs(network: Recurrent) -> int:
    if isinstance(network, SeriesNetwork):
        return network.horizon * len(network.mean)
    return len(_weights(network, "bias"))


def _encode(graph: Graph, network: Recurrent) -> str:
    """(B, T, inputs)."""
    if isinstance(network, SeriesNetwork):
        mean, std = (graph.constant(network.get_buffer(name).cpu().numpy()) for name in ("mean", "std"))
        return graph.add("Div", graph.add("Sub", "steps", mean), std)
    rows = _weights(network, "embedding.weight")
    return graph.add("Gather", graph.constant(rows * np.float32(rows.shape[1] ** 0.5)), "steps", axis=0)


def _cells(graph: Graph, network: Recurrent, x: str) -> tuple[str, list[str]]:
    """(T, B, D) states of the last layer; the names of what is carried."""
    kept = ["h", "c"] if network.cell == "lstm" else ["h"]
    ends: dict[str, list[str]] = {name: [] for name in kept}
    size, order = network.hidden, GATES[network.cell]

    def turned(name: str) -> Array:
        value = _weights(network, f"cells.{name}")
        return np.concatenate([value[gate * size : (gate + 1) * size] for gate in order])

    attributes: dict[str, object] = {"linear_before_reset": 1} if network.cell == "gru" else {}
    for layer in range(network.layers):
        inputs = graph.constant(turned(f"weight_ih_l{layer}")[None])
        states = graph.constant(turned(f"weight_hh_l{layer}")[None])
        biases = graph.constant(np.concatenate([turned(f"bias_ih_l{layer}"), turned(f"bias_hh_l{layer}")])[None])
        starts = [graph.add("Gather", name, graph.ints(layer), axis=0) for name in kept]
        names = [f"y_{layer}", *(f"{name}_{layer}" for name in kept)]
        graph.add(
            network.cell.upper(), x, inputs, states, biases, "", *starts, outputs=names, hidden_size=size, **attributes
        )
        x = graph.add("Squeeze", names[0], graph.ints(1))
        for name, end in zip(kept, names[1:], strict=True):
            ends[name].append(end)
    for name, parts in ends.items():
        graph.add("Concat", *parts, outputs=[name + AFTER], axis=0)
    return x, kept


def _attention(graph: Graph, attention: PastAttention, states: str) -> str:
    """(B, T, D) what each state attends to; what is remembered is an output."""
    known = graph.add("Concat", "seen", states, axis=1)
    ones = graph.add("Mul", graph.add("ReduceMean", states, graph.ints(2), keepdims=0), graph.constant(np.float32(0)))
    ones = graph.add("Add", ones, graph.constant(np.float32(1)))
    filled = graph.add("Concat", "filled", ones, axis=1)
    last = [graph.ints(-attention.window), graph.ints(2**31 - 1), graph.ints(1)]
    graph.add("Slice", known, *last, outputs=["seen" + AFTER])
    graph.add("Slice", filled, *last, outputs=["filled" + AFTER])

    def linear(x: str, name: str) -> str:
        weight = attention.get_parameter(f"{name}.weight").detach().cpu().float().numpy()
        return graph.add("MatMul", x, graph.constant(weight.T))

    def count(x: str) -> str:
        return graph.add("Squeeze", graph.add("Shape", x, start=1, end=2))

    zero, one = graph.constant(np.int64(0)), graph.constant(np.int64(1))
    steps, keys = count(states), count(known)
    begin = graph.add("Sub", keys, steps)
    now = graph.add("Unsqueeze", graph.add("Range", begin, keys, one), graph.ints(1))
    then = graph.add("Unsqueeze", graph.add("Range", zero, keys, one), graph.ints(0))
    early = graph.add("LessOrEqual", then, now)
    near = graph.add("GreaterOrEqual", then, graph.add("Sub", now, graph.constant(np.int64(attention.window))))
    there = graph.add("Unsqueeze", graph.add("Greater", filled, graph.constant(np.float32(0))), graph.ints(1))
    allowed = graph.add("And", graph.add("And", early, near), there)
    queries, size = linear(states, "query"), attention.query.out_features
    scores = graph.add("MatMul", queries, graph.add("Transpose", linear(known, "key"), perm=[0, 2, 1]))
    scores = graph.add("Div", scores, graph.constant(np.float32(size**0.5)))
    weights = graph.add("Softmax", graph.add("Where", allowed, scores, graph.constant(np.float32(-1e9))), axis=-1)
    return graph.add("MatMul", weights, linear(known, "value"))


def _decode(graph: Graph, network: Recurrent, states: str) -> None:
    """The outputs (B, T, ...)."""
    if isinstance(network, SeriesNetwork):
        head = graph.constant(_weights(network, "head.weight").T)
        change = graph.add("Add", graph.add("MatMul", states, head), graph.constant(_weights(network, "head.bias")))
        std = network.get_buffer("std").cpu().numpy()
        change = graph.add("Mul", change, graph.constant(np.tile(std, network.horizon)))
        last = graph.add("Tile", "steps", graph.ints(1, 1, network.horizon))
        graph.add("Add", last, change, outputs=["outputs"])
        return
    assert isinstance(network, CharacterNetwork), "a network for text"
    if network.narrow is not None:
        states = graph.add("MatMul", states, graph.constant(_weights(network, "narrow.weight").T))
    rows = _weights(network, "embedding.weight" if network.rows is None else "rows")
    logits = graph.add("MatMul", states, graph.constant(rows.T))
    graph.add("Add", logits, graph.constant(_weights(network, "bias")), outputs=["outputs"])
