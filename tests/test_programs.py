"""Every program of `programs/`: reverse and forward mode against differences, second order where it is smooth."""
import importlib
import pkgutil

import pytest

import tangentry as tg
from tests import programs
from tests.programs.cases import REGISTRY, check_forward, check_reverse, check_second

for module in pkgutil.iter_modules(programs.__path__):
    importlib.import_module(f"tests.programs.{module.name}")

RIGHT = [c for c in REGISTRY if not c.refused]
REFUSED = [c for c in REGISTRY if c.refused]


def named(cases):
    return {"argvalues": cases, "ids": [c.name for c in cases]}


@pytest.mark.parametrize("case", **named([c for c in RIGHT if "reverse" in c.modes]))
def test_reverse(case):
    check_reverse(case)


@pytest.mark.parametrize("case", **named([c for c in RIGHT if "forward" in c.modes]))
def test_forward(case):
    check_forward(case)


@pytest.mark.parametrize("case", **named([c for c in RIGHT if c.order >= 2 and len(c.modes) == 2]))
def test_second_order(case):
    check_second(case)


@pytest.mark.parametrize("case", **named(REFUSED))
def test_refused(case):
    with pytest.raises(tg.TangentryError, match=case.refused):
        tg.grad(case.function)(*case.args, **case.kwargs)
