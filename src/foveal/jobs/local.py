"""A job's parts on this machine: two at a time in threads, so that one is decoded while the other ends."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event

from foveal.inference.predictor import Predictor
from foveal.jobs.items import Item
from foveal.jobs.table import Format
from foveal.jobs.work import Done, StoppedError, Work, predict_part

AT_ONCE = 2


def predict_here(
    predictor: Predictor,
    work: Work,
    form: Format,
    numbers: Sequence[int],
    part: Callable[[int], list[Item]],
    *,
    done: Callable[[int], None],
) -> Generator[tuple[int, Done]]:
    """The parts of these numbers as they are done.

    Args:
        predictor: The model.
        work: How it predicts.
        form: Of the table.
        numbers: Of the parts.
        part: Gives the images of one.
        done: Called with 1 after each image, from threads.
    """
    stop = Event()

    def step() -> None:
        if stop.is_set():
            raise StoppedError
        done(1)

    def predict(number: int) -> tuple[int, Done]:
        return number, predict_part(predictor, work, part(number), form, done=step)

    coming = iter(numbers)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="foveal-part") as pool:
        running: set[Future[tuple[int, Done]]] = set()
        try:
            while True:
                while len(running) < AT_ONCE and (number := next(coming, None)) is not None:
                    running.add(pool.submit(predict, number))
                if not running:
                    return
                over, running = wait(running, return_when=FIRST_COMPLETED)
                for future in over:
                    yield future.result()
        finally:
            stop.set()
