"""The process of the command line: Ctrl-C, its streams, and what other libraries print. Imports next to nothing.

None of this happens in a Python program that imports Foveal: its signals, streams and warnings are its own.
"""

import atexit
import codecs
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""
PATIENCE_S = 10.0
"""Time for an orderly end after Ctrl-C; pressing it again later ends the process at once."""
ONE_WISH_S = 2.0
"""Time within which pressing Ctrl-C twice is pressing it once."""
AGAIN = "Give the command again to start over."
ESCAPING = "foveal"
"""Name of the handler of characters that a terminal's encoding lacks."""


class Interrupts:
    """Ctrl-C once: KeyboardInterrupt. Again while the command is ending: nothing, as people press it twice."""

    def __init__(self) -> None:
        self.first_s: float | None = None
        self.raised_s = 0.0
        self.ending = False

    def listen(self) -> None:
        """Handle Ctrl-C from here on, unless the process was told to ignore it (``nohup``, a shell's background)."""
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._handle)
            sys.unraisablehook = self._lost

    def end(self) -> None:
        """The command is ending: Ctrl-C interrupts nothing any more."""
        self.ending = True

    def leave(self, code: int) -> NoReturn:
        """End the process; from here on Ctrl-C does nothing, although the interpreter's end would reset its handler."""
        self.ending = True
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.first_s is None:
            sys.exit(code)
        # An interpreter that was interrupted within an exec of some library would end itself by the signal, not by this
        # code. What must be done at the end is done; threads are not waited for.
        atexit._run_exitfuncs()
        os._exit(code)

    def _handle(self, *_: int | FrameType | None) -> None:
        now = time.monotonic()
        first = self.first_s is None
        self.first_s = now if self.first_s is None else self.first_s
        if not first and now - self.first_s > PATIENCE_S:
            os._exit(INTERRUPTED)
        # Some library may have swallowed the first one; a second press soon after it is the same wish.
        if first or (not self.ending and now - self.raised_s > ONE_WISH_S):
            self.raised_s = now
            raise KeyboardInterrupt

    def _lost(self, unraisable: Any) -> None:
        """An exception that Python can only print: Ctrl-C is raised again, elsewhere; the rest is printed as ever."""
        if unraisable.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(unraisable)
        elif not self.ending and not sys.is_finalizing():
            from threading import Timer

            self.first_s = None
            again = Timer(0.05, signal.raise_signal, [signal.SIGINT])  # not in here, where nothing can be raised
            again.daemon = True
            again.start()


INTERRUPTS = Interrupts()


def call(run: Callable[[], int]) -> NoReturn:
    """Run a command line and end the process; whatever happens to the terminal, no traceback is printed for it.

    Args:
        run: Returns the exit code.
    """
    INTERRUPTS.listen()
    hush()
    open_streams()
    try:
        code = run()
    except KeyboardInterrupt as interrupt:
        code = _interrupted(str(interrupt) or AGAIN)
    except (BrokenPipeError, SystemExit) as error:
        if not output_closed(error):
            raise
        code = 0
    except Exception:
        if INTERRUPTS.first_s is None:
            raise
        code = _interrupted(AGAIN)  # some libraries turn Ctrl-C during an import into an error of their own
    INTERRUPTS.leave(flush() or code)


def output_closed(error: BaseException) -> bool:
    """Whether whoever read the output has gone (``| head``); rich turns that into a SystemExit."""
    return isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError)


def hush() -> None:
    """Let other libraries neither warn nor log on the user's screen, unless Python was told to (``-W``)."""
    import warnings

    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name, value in (("TORCH_CPP_LOG_LEVEL", "ERROR"), ("TF_CPP_MIN_LOG_LEVEL", "2")):
        os.environ.setdefault(name, value)
    import logging

    logging.getLogger().addHandler(logging.NullHandler())  # or Python prints what nobody handles


def open_streams() -> None:
    r"""Make standard output and error take every character: what their encoding lacks is written as \uXXXX.

    That is also how JSON writes it. Names of files that are not UTF-8 are written this way too.
    """
    codecs.register_error(ESCAPING, _escape)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  lasts to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPING)


def flush() -> int:
    """Write what is still in the streams, so that Python does not fail at it when it ends.

    Returns:
        An exit code if the output cannot be written; else 0.
    """
    code = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _discard(stream)
        except OSError as error:
            _discard(stream)
            code = 2
            with contextlib.suppress(OSError):
                sys.stderr.write(
                    f"error: The output cannot be written ({error.strerror}).\n  hint: Check where it goes.\n"
                )
        except ValueError:  # closed
            continue
    return code


def _discard(stream: Any) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, stream.fileno())
    os.close(null)


def _interrupted(hint: str) -> int:
    INTERRUPTS.end()
    with contextlib.suppress(OSError):
        sys.stderr.write(f"error: Interrupted.\n  hint: {hint}\n")
    return INTERRUPTED


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end
