"""``foveal.generate``: text that a model writes. No torch for an exported one."""

from collections.abc import Iterator
from pathlib import Path

from foveal.inference.streams.generate import check_options
from foveal.inference.streams.generate import generate as write
from foveal.inference.streams.load import load_text_model
from foveal.ops.quiet import quiet


@quiet()
def generate(
    model: str | Path,
    prompt: str = "",
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    length: int = 500,
    seed: int = 0,
    threads: int = 1,
) -> Iterator[str]:
    """Write on from a prompt, piece by piece: ``"".join(foveal.generate("runs/shakespeare", "ROMEO:"))``.

    Args:
        model: A run folder, a .safetensors or an .onnx file of a model on text.
        prompt: What is read first, and not returned; empty: a line break.
        temperature: Below 1 the likely becomes likelier; 0 always takes the likeliest character.
        top_p: Only the likeliest characters that together have this probability are drawn from.
        length: Characters, or bytes, to write.
        seed: The same seed gives the same text.
        threads: Threads within the network; 0: all cores.

    Raises:
        FovealError: The model cannot be read, a value is out of its bounds, or the model does not know a character of
            the prompt.
    """
    check_options(temperature=temperature, top_p=top_p, length=length)
    stepper = load_text_model(model, threads=threads)
    return write(stepper, prompt, temperature=temperature, top_p=top_p, length=length, seed=seed)
