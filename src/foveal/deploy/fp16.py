"""A graph with its weights in half precision: half the file.

Each is turned back to float32 when the file is opened, so that every engine computes as before and only the rounding of
the weights remains. TensorRT may compute in half precision, which ``--device tensorrt`` allows it.
"""

from typing import Any

import numpy as np

LARGEST = float(np.finfo(np.float16).max)
MIN_SIZE = 64
"""Values from which a constant is worth the cast behind it."""


def halve(content: bytes) -> bytes:
    """The model with its weights as float16."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    proto: Any = onnx.load_from_string(content)
    casts = []
    for one in list(proto.graph.initializer):
        if one.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(one)
        if values.size < MIN_SIZE or np.abs(values).max(initial=0.0) > LARGEST:
            continue
        name = one.name
        one.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in (*casts, *proto.graph.node)]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return mark(proto, "fp16")


def mark(proto: Any, precision: str) -> bytes:
    """The model with its precision in the metadata."""
    entry = proto.metadata_props.add()
    entry.key, entry.value = "foveal.precision", precision
    return bytes(proto.SerializeToString())
