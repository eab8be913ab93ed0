import gc

import pytest

from foveal.ops.collecting import no_collecting


@no_collecting()
def fail():
    assert not gc.isenabled()
    raise ValueError("x")


@pytest.mark.parametrize("was", [True, False])
def test_the_setting_comes_back_after_an_error_too(was):
    before = gc.isenabled()
    try:
        gc.enable() if was else gc.disable()
        with pytest.raises(ValueError, match="x"):
            fail()
        assert gc.isenabled() == was
    finally:
        gc.enable() if before else gc.disable()


def test_what_stays_is_gone_through_no_more():
    already = gc.get_freeze_count()
    try:
        with no_collecting(stays=True):
            pass
        assert gc.get_freeze_count() > already
    finally:
        gc.unfreeze()
