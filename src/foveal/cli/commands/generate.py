"""``foveal generate``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def generate(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file of a model on text.")],
    *,
    prompt: Annotated[str, Parameter(metavar="TEXT", help="What is read first; default: a line break.")] = "",
    temperature: Annotated[
        float, Parameter(help="Below 1 the likely becomes likelier; 0: always the likeliest character.")
    ] = 1.0,
    top_p: Annotated[
        float, Parameter(help="Draw from the likeliest characters that together have this probability.")
    ] = 1.0,
    length: Annotated[int, Parameter(help="Characters to write, or bytes.")] = 500,
    seed: Annotated[int, Parameter(help="Seed; the same one writes the same text.")] = 0,
    attention: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="PNG file for what each character of the prompt looks at; writes no text."),
    ] = None,
    threads: Annotated[int, Parameter(help="Threads of the network; 0: all cores.")] = 1,
) -> None:
    """Write on from a beginning, character by character."""
    import sys

    from foveal.runs.streams.generate import generate as write

    if attention is not None:
        from foveal.inference.streams.load import load_text_model
        from foveal.runs.streams.attention import draw_attention

        draw_attention(load_text_model(model, threads=threads), prompt, attention)
        print(f"  {attention}")
        return
    pieces = write(model, prompt, temperature=temperature, top_p=top_p, length=length, seed=seed, threads=threads)
    sys.stdout.write(prompt)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    sys.stdout.flush()
