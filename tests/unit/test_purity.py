"""The core is pure, and its examples are true."""

import doctest
import json
import subprocess
import sys

import surveil_core
from tests.imports import LIST_FOREIGN_MODULES, import_path


def test_core_imports_only_attrs_and_the_standard_library() -> None:
    """A fresh Python that imports every module of the core holds nothing else."""
    told = subprocess.run(
        [sys.executable, "-c", LIST_FOREIGN_MODULES],
        env=import_path(),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(told.stdout)
    assert answer["foreign"] == []
    assert "surveil_core.services.surveillance" in answer["imported"]
    assert len(answer["imported"]) > 25


def test_examples_of_the_package_are_true() -> None:
    """The example in the package's documentation runs as printed."""
    results = doctest.testmod(surveil_core)
    assert results.attempted >= 3
    assert results.failed == 0


def test_public_names_are_there_and_documented() -> None:
    """All that the package promises can be had; what is no table has its own words."""
    for name in surveil_core.__all__:
        value = getattr(surveil_core, name)
        assert name.isupper() or value.__doc__, name
