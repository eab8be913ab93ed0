"""``foveal serve``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from foveal.cli.view_options import Device, Engine, Threads


def serve(
    models: Annotated[
        list[str],
        Parameter(help="Run folders, .onnx or .safetensors files; NAME=PATH gives one a name.", negative=""),
    ],
    *,
    host: Annotated[str, Parameter(help="Address to listen on; 0.0.0.0 for all of the machine's.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on; 0 for a free one.")] = 8000,
    max_batch: Annotated[int, Parameter(help="Most images in one call of the network.")] = 8,
    max_wait: Annotated[float, Parameter(help="Longest that an image waits for others, in milliseconds.")] = 5.0,
    queue: Annotated[int, Parameter(help="Most images of a model inside; beyond it requests get 503.")] = 128,
    timeout: Annotated[float, Parameter(help="Longest that a request may take, in seconds.")] = 30.0,
    max_mb: Annotated[float, Parameter(help="Largest body of a request, in megabytes.")] = 32.0,
    max_pixels: Annotated[int, Parameter(help="Largest image, in pixels; its header is checked first.")] = 50_000_000,
    max_images: Annotated[int, Parameter(help="Most images in a request.")] = 64,
    api_key: Annotated[
        Path | None,
        Parameter(help="File that holds the API key that clients must send; default: $FOVEAL_API_KEY, if set."),
    ] = None,
    cors: Annotated[
        tuple[str, ...],
        Parameter(negative="", consume_multiple=True, help="Origins of other pages that may use it."),
    ] = (),
    samples: Annotated[
        tuple[Path, ...],
        Parameter(negative="", consume_multiple=True, help="Images that the page offers to try."),
    ] = (),
    engine: Engine = "auto",
    device: Device = "auto",
    threads: Threads = 0,
    quiet: Annotated[bool, Parameter(negative="", help="Log only what goes wrong.")] = False,
) -> None:
    """Serve models over HTTP, with a page to try them on."""
    from foveal.cli.serve_screen import started_screen
    from foveal.cli.terminal import Bar
    from foveal.errors import MissingExtraError
    from foveal.serve.names import name_models
    from foveal.serve.options import MB, ServeOptions, read_key

    try:
        from foveal.serve.log import JsonLog
        from foveal.serve.server import ModelServer, address_of, listen
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "foveal":
            raise
        raise MissingExtraError("serve models", package, extra="serve") from None

    paths = name_models(models)
    options = ServeOptions(
        max_batch=max_batch,
        max_wait_s=max_wait / 1000,
        queue=queue,
        timeout_s=timeout,
        max_body_bytes=round(max_mb * MB),
        max_pixels=max_pixels,
        max_images=max_images,
        api_key=read_key(api_key),
        cors=cors,
        samples=samples,
    )
    with listen(host, port) as listener:
        with Bar(shown=True) as bar:
            bar("loading the models", 0, None)
            server = ModelServer(
                paths, options, engine=engine, device=device, threads=threads, log=JsonLog(quiet=quiet)
            )
        server.serve_on(listener, lambda: started_screen(server.models, address_of(listener), host=host))
