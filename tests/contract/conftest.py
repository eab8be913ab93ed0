import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of ``ModelContract`` run for each variant and backbone of the class that inherits them."""
    for argument, attribute in (("variant", "variants"), ("backbone", "backbones")):
        if metafunc.cls is not None and argument in metafunc.fixturenames:
            metafunc.parametrize(argument, getattr(metafunc.cls, attribute))
