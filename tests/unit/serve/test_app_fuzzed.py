"""Requests that no honest client sends: no crash, no hang, nothing of 500 or above but 503."""

import pytest
from tests.serving import Running, png
from tests.tools.fuzz_server import fuzz


@pytest.mark.parametrize("model", ["trees", "cells", "street"])
def test_damaged_requests_are_told_what_is_wrong(server: Running, model: str) -> None:
    before = server.post(f"/v1/models/{model}/predict", png()).json
    statuses = fuzz(server.address, model, 350, seed=7)
    assert statuses[200] > 10 and statuses[422] > 50, "some are whole, many are not"
    assert server.post(f"/v1/models/{model}/predict", png()).json == before
    assert server.server.models.live[model].batcher.inside == 0 and server.get("/readyz").status == 200
    assert not [line for line in server.lines if line["level"] == "error"]
