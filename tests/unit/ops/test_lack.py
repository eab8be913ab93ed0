"""Errors that mean that memory ran out."""

import pytest
import torch

from foveal.ops.lack import lack_in_words, ran_out


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), "The machine's memory ran out."),
        (RuntimeError("could not create a primitive"), "The machine's memory ran out."),
        (OSError(12, "Cannot allocate memory"), "The machine's memory ran out."),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), "The GPU's memory ran out."),
        (
            RuntimeError("can't start new thread"),
            "The machine's memory ran out, or the number of processes (ulimit -u): no thread could be started.",
        ),
    ],
)
def test_a_lack_of_memory_is_one_sentence(error: Exception, what: str) -> None:
    assert ran_out(error)
    assert lack_in_words(error).replace("memory that the container allows", "machine's memory") == what


def test_what_torch_really_raises() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**48)
    assert ran_out(caught.value)
    assert not ran_out(RuntimeError("a bug"))
