"""Errors that mean that memory ran out, by the words of torch and of the system."""

from foveal.ops.machine import memory_room

THREAD = "can't start new thread"
"""A thread needs room for its stack."""
NO_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "Cannot allocate memory",
    "STATUS_ALLOC_FAILED",  # cuDNN and cuBLAS
    "could not create a primitive",  # oneDNN
    THREAD,
)
"""What torch and the system call it."""
LIMITS = {
    "machine": "The machine's memory",
    "container": "The memory that the container allows",
    "data": "The memory that ulimit -d allows",
    "address space": "The memory that ulimit -v allows",
}


def ran_out(error: BaseException) -> bool:
    """Whether an error is a lack of memory."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)


def lack_in_words(error: BaseException) -> str:
    """What ran out, in one sentence.

    Args:
        error: One that ``ran_out`` takes for a lack of memory.
    """
    text = str(error)
    if "CUDA" in text or "CUBLAS" in text or "CUDNN" in text:
        return "The GPU's memory ran out."
    cause = ", or the number of processes (ulimit -u): no thread could be started" if THREAD in text else ""
    return f"{LIMITS[memory_room().of]} ran out{cause}."
