"""Training batches: order and augmentation depend on seed, epoch and index alone.

Shapes: B images per batch, H W height and width of the source, S T height and width of the input.
"""

import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from foveal.data.augment.contract import Augment
from foveal.data.catalog.catalog import Catalog
from foveal.data.loading.cache import DecodedCache
from foveal.data.loading.order import Draw, Order
from foveal.data.loading.workers import AHEAD, InWorker
from foveal.errors import TrainingError
from foveal.imaging.decode import decode
from foveal.imaging.resample import shrink
from foveal.ops.machine import num_cores
from foveal.ops.threads import in_threads
from foveal.types.arrays import RGB
from foveal.types.reading import AS_STORED, Reading
from foveal.types.samples import Batch, Sample
from foveal.types.seeds import derive

MAX_DECODERS = 4
"""Threads that decode where there are no worker processes; decoding releases the GIL."""


class TrainingImages(Dataset[Batch]):
    """Decodes, augments and stacks.

    Args:
        catalog: The training split.
        augment: Augmentation; random numbers only from torch's global generator.
        seed: For the augmentation.
        min_side: Shorter side in pixels that is enough, see ``decode``.
        cache: Cache of decoded images, or None.
        reading: Levels of deep images, and bands.
        shrink_side: Images are cached and augmented at a half, a third ... of their size, with a shorter side of this
            many pixels at least; 0: as decoded. The cache changes nothing about it.
    """

    def __init__(
        self,
        catalog: Catalog,
        augment: Augment,
        *,
        seed: int,
        min_side: int,
        cache: DecodedCache | None,
        reading: Reading = AS_STORED,
        shrink_side: int = 0,
    ) -> None:
        self.catalog = catalog
        self.augment = augment
        self.seed = seed
        self.min_side = min_side
        self.cache = cache
        self.reading = reading
        self.shrink_side = shrink_side

    def decoded(self, place: int) -> RGB:
        """The image at an index, from the cache if possible."""
        image = None if self.cache is None else self.cache.get(place)
        if image is None:
            image = self._decode(place)
            if self.cache is not None:
                self.cache.put(place, image)
        return image

    def _decode(self, place: int) -> RGB:
        pixels = decode(self.catalog.path(place), min_side=self.min_side, reading=self.reading).pixels
        return shrink(pixels, self.shrink_side)

    def places(self, draw: Draw) -> tuple[list[int], Tensor]:
        """The images of a sample, the same wherever and whenever it is made.

        Returns:
            The indices of the image and its companions, and the state of torch's generator for the augmentation.
        """
        # Only the CPU's generator: torch.manual_seed would also reset a GPU's, which dropout uses, and takes a hundred
        # times as long.
        torch.default_generator.manual_seed(derive(self.seed, 2, draw.epoch, draw.place, draw.repeat))
        companions = torch.randint(len(self.catalog), (self.augment.draw_companions(),))
        return [draw.place, *companions.tolist()], torch.default_generator.get_state()

    def __getitems__(self, draws: list[Draw]) -> Batch:
        """A batch; torch's random state and number of threads are the caller's again afterwards."""
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        torch.set_num_threads(1)  # one small image is too little work for several threads
        try:
            made_of = [self.places(draw) for draw in draws]
            pixels = self._decoded_ahead([place for places, _ in made_of for place in places])
            return stack([self._sample(places, begin, pixels) for places, begin in made_of])
        finally:
            torch.set_num_threads(threads)
            torch.set_rng_state(state)

    def __getitem__(self, draw: Draw) -> Batch:
        """A batch of one."""
        return self.__getitems__([draw])

    def _sample(self, places: Sequence[int], begin: Tensor, pixels: Iterator[RGB]) -> Sample:
        """``pixels`` yields the decoded images."""
        torch.default_generator.set_state(begin)
        image, target = self.augment.sample(self.catalog, places, pixels)
        return Sample(image, target, places[0])

    def _decoded_ahead(self, places: Sequence[int]) -> Iterator[RGB]:
        """``decoded`` of each index in order; without worker processes, a few are decoded ahead.

        Cached images never go through the threads: passing them on takes longer than looking them up.
        """
        cached = [None if self.cache is None else self.cache.get(place) for place in places]
        missing = [place for place, image in zip(places, cached, strict=True) if image is None]
        in_worker = get_worker_info() is not None
        fresh = (
            map(self.decoded, missing)
            if in_worker
            else in_threads(self.decoded, missing, threads=min(MAX_DECODERS, num_cores()))
        )
        return (next(fresh) if image is None else image for image in cached)


def stack(samples: list[Sample]) -> Batch:
    """Samples of one size as a batch, in channels_last memory; lists in targets are padded to the longest."""
    rows = [sample.image for sample in samples]
    images = torch.stack(rows, out=_new_batch(rows[0], len(rows))).permute(0, 3, 1, 2)
    targets = {name: _stack_padded([s.target[name] for s in samples]) for name in samples[0].target}
    return Batch(images, targets, [sample.key for sample in samples])


def _stack_padded(values: list[Tensor]) -> Tensor:
    """B tensors (m, ...), m differing or not, as (B, max m, ...); padded with -1, or 0 in unsigned types."""
    first = values[0]
    if all(value.shape == first.shape for value in values):
        return torch.stack(values)
    longest = max(len(value) for value in values)
    out = first.new_full((len(values), longest, *first.shape[1:]), -1 if first.dtype.is_signed else 0)
    for row, value in zip(out, values, strict=True):
        row[: len(value)] = value
    return out


def _new_batch(row: Tensor, count: int) -> Tensor:
    """An empty batch of ``count`` rows; in a worker process in memory shared with the training process.

    A batch made elsewhere would be copied there, and what it leaves behind in glibc's heap seldom fits the next one:
    the worker would grow by about one batch per batch (benchmarks/loader_memory.py).
    """
    shape = torch.Size((count, *row.shape))
    if get_worker_info() is None:
        return row.new_empty(shape)
    new_shared: Any = torch.UntypedStorage._new_shared  # what torch's own collate uses
    return row.new_empty(0).set_(new_shared(shape.numel() * row.element_size())).view(shape)


class _Batches(Sampler[list[Draw]]):
    """``Order.batches`` as a sampler for torch's loader."""

    def __init__(self, order: Order, start: int, rank: int, world: int) -> None:
        self.arguments = (order, start, rank, world)

    def __iter__(self) -> Iterator[list[Draw]]:
        order, start, rank, world = self.arguments
        return order.batches(start, rank=rank, world=world)


def load_batches(
    images: TrainingImages,
    order: Order,
    *,
    start: int = 0,
    workers: int = 0,
    rank: int = 0,
    world: int = 1,
    pin_memory: bool = False,
    ahead: int = AHEAD,
) -> Iterator[Batch]:
    """Endless batches, from number ``start`` on.

    Args:
        images: The training images.
        order: Order of the samples.
        start: Number of the first batch, from the start of training.
        workers: Number of worker processes; it does not affect the batches.
        rank: Which of ``world`` processes this is; each gets its share of every batch.
        world: Processes that train together.
        pin_memory: Whether batches go to a GPU.
        ahead: Batches that each worker makes ahead.

    Raises:
        TrainingError: The worker processes cannot start.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This DataLoader will create")  # as configured
        loader: DataLoader[Any] = DataLoader(
            InWorker(images) if workers else images,
            batch_sampler=_Batches(order, start, rank, world),
            num_workers=workers,
            collate_fn=_as_is,
            worker_init_fn=_hush,
            pin_memory=pin_memory,
            prefetch_factor=ahead if workers else None,
            multiprocessing_context="fork" if workers and images.cache is not None else None,
            generator=torch.Generator(),  # its own, so that the loader does not use the global one
        )
        try:
            with _uninterrupted():
                return _checked(iter(loader))
        except OSError as error:
            raise TrainingError(
                f"{workers} worker processes cannot start ({error.strerror or error}).", "Use fewer --workers, or 0."
            ) from None


def _checked(batches: Iterator[Any]) -> Iterator[Batch]:
    for batch in batches:
        if isinstance(batch, Exception):
            raise batch
        yield batch


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Defer Ctrl-C while worker processes start: it would be lost in the fork. Workers leave it to their parent."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hush(_: int) -> None:
    """Silence a worker whose training process has exited.

    The thread that hands it batches would print a traceback when Ctrl-C or a kill cuts it short. Errors in samples
    reach the training process another way, and are reported there.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, EOFError | OSError):
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = hook


def _as_is(batch: Any) -> Any:
    return batch
