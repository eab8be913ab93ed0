"""One server for the tests that only ask it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose models nobody replaces."""
    folder: Path = tmp_path_factory.mktemp("serve")
    with running(folder) as one:
        yield one
