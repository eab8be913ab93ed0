"""A network layer by layer: shapes, parameters, multiply-adds, and how much of the image each output sees.

Shapes: H W height and width of the input.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone
from foveal.types.size import Size

ALL = 1 << 30
"""Receptive field of what sees the whole image."""
WINDOWS = ("convolution", "max_pool2d_with_indices", "avg_pool2d")
"""Operators of torch that look at windows."""
GLOBAL = ("mm", "bmm", "addmm", "baddbmm", "mean", "sum", "scaled_dot_product", "adaptive_avg_pool2d", "softmax")
"""Operators that may look at all pixels; a mean over height and width, say."""


@dataclass(frozen=True)
class Layer:
    """One layer with an output of its own.

    Attributes:
        name: Path in the network.
        kind: Its class.
        shape: Of the output for one image, without the batch.
        kernel: Side of the window; None: it has none.
        stride: Pixels of its input from one window to the next.
        padding: Pixels added at each side.
        parameters: Its own.
        macs: Multiply-adds for one image; norms, activations and pooling are not counted.
        receptive_px: Side of the square of the image that one output depends on, in pixels; None: all of it.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    kernel: int | None
    stride: int | None
    padding: int | None
    parameters: int
    macs: int
    receptive_px: int | None

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def layers(name: str, *, size: Size | None = None) -> list[Layer]:
    """The layers of a backbone in the order in which they run, without a classifier.

    Args:
        name: Of the network.
        size: Of the input; None: that of its paper.

    Raises:
        ConfigError: No such network, or a size that it does not take.
    """
    from foveal.models.declared import declared

    size = size or Size.square(declared(name).size)
    with torch.device("meta"):
        net = Backbone(name).eval()
        net.check_size(*size.shape)
        image = torch.zeros(1, 3, *size.shape)
    return list(_rows(net, image, name))


def _rows(net: nn.Module, image: Tensor, title: str) -> Iterator[Layer]:
    seen: dict[str, Layer] = {}
    fields = _ReceptiveFields(image)
    counter = FlopCounterMode(display=False)
    named = {module: path for path, module in net.named_modules() if _is_layer(module)}

    def note(module: nn.Module, _: Any, output: Any) -> None:
        first = next((leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)), None)
        if first is not None and named[module] not in seen:
            own = sum(p.numel() for p in module.parameters(recurse=False))
            kernel, stride, padding = (
                _side(getattr(module, key, None)) for key in ("kernel_size", "stride", "padding")
            )
            seen[named[module]] = Layer(
                named[module].removeprefix("net.") or "(whole)",
                type(module).__name__,
                tuple(first.shape[1:]),
                kernel,
                stride,
                padding,
                own,
                0,
                fields.side(first),
            )

    hooks = [module.register_forward_hook(note) for module in named]
    try:
        with torch.no_grad(), counter, fields:
            net(image)
    except (RuntimeError, ValueError, AssertionError) as error:
        height, width = image.shape[-2:]
        what = f"{title} does not take images of {width} x {height} pixels: {error}"
        raise ConfigError(what, "Use another --size.") from None
    finally:
        for hook in hooks:
            hook.remove()
    leaves = {path for module, path in named.items() if not list(module.children())}
    yield from _with_macs(seen, leaves, counter, type(net).__name__)


def _is_layer(module: nn.Module) -> bool:
    """Whether it does something, and not only by its parts."""
    own = next(module.parameters(recurse=False), None) is not None
    return own or not (list(module.children()) or isinstance(module, nn.Identity | nn.Dropout))


def _with_macs(seen: dict[str, Layer], leaves: set[str], counter: FlopCounterMode, root: str) -> Iterator[Layer]:
    """The layers with what torch counted in each; what it counted outside of all of them is a row of its own."""
    counts = {path: sum(by.values()) // 2 for path, by in counter.get_flop_counts().items()}
    total, inside = counter.get_total_flops() // 2, 0
    for path, layer in seen.items():
        macs = counts.get(f"{root}.{path}", 0) if path in leaves else 0
        inside += macs
        yield replace(layer, macs=macs)
    if total > inside:
        yield Layer("(products between layers)", "attention", (), None, None, None, 0, total - inside, None)


def _side(value: object) -> int | None:
    """A size that is the same down and across, as one number; the larger where it is not."""
    if isinstance(value, tuple | list) and value and all(isinstance(v, int) for v in value):
        return int(max(value))
    return value if isinstance(value, int) else None


class _ReceptiveFields(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows how far each tensor's pixels reach in the image: (side, distance of neighbours), both in image pixels.

    A window of K pixels at a dilation of D reaches D (K - 1) neighbours further; what adds or joins tensors has the
    largest of theirs (Dumoulin and Visin 2016; Araujo et al. 2019, "Computing receptive fields").
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.fields: dict[int, tuple[int, int]] = {id(image): (1, 1)}
        self.kept: list[Tensor] = [image]
        self.shape = image.shape

    def side(self, tensor: Tensor) -> int | None:
        """Pixels along a side; None: the whole image, or not an image at all."""
        side = self.fields.get(id(tensor), (ALL, 1))[0]
        return None if side >= ALL else side

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and note what its outputs see."""
        out = func(*args, **(kwargs or {}))
        inputs = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor) and id(t) in self.fields]
        if inputs:
            side = max(self.fields[id(t)][0] for t in inputs)
            jump = max(self.fields[id(t)][1] for t in inputs)
            field = _step(func.__name__.partition(".")[0], side, jump, args)
            for tensor in tree_leaves(out):
                if isinstance(tensor, Tensor):
                    self.fields[id(tensor)] = field
                    self.kept.append(tensor)  # so that no other gets its id
        return out


def _step(name: str, side: int, jump: int, args: tuple[Any, ...]) -> tuple[int, int]:
    """Field after an operator."""
    if name == "convolution":
        weight, stride, dilation = args[1], args[3], args[5]
        kernel = max(weight.shape[2:])
        return side + dilation[0] * (kernel - 1) * jump, jump * stride[0]
    if name in WINDOWS:
        kernel, stride = max(args[1]), (args[2] if len(args) > 2 and args[2] else args[1])[0]
        return side + (kernel - 1) * jump, jump * stride
    if name in ("mean", "sum") and len(args) > 1 and not _over_pixels(args):
        return side, jump
    if any(name.endswith(word) for word in GLOBAL):
        return ALL, jump
    return side, jump


def _over_pixels(args: tuple[Any, ...]) -> bool:
    """Whether a mean goes over height and width, and there is more than one pixel."""
    axes = [args[1]] if isinstance(args[1], int) else list(args[1])
    shape = args[0].shape
    return any(axis % len(shape) > 1 and shape[axis] > 1 for axis in axes)


def totals(rows: list[Layer]) -> tuple[int, int]:
    """(parameters, multiply-adds) of all layers."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums["parameters"] += row.parameters
        sums["macs"] += row.macs
    return sums["parameters"], sums["macs"]
