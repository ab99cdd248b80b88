"""Finding out, in a fresh Python, what importing the core brings in."""

import os
import sys

LIST_FOREIGN_MODULES = """
import sys
before = set(sys.modules)
import importlib, json, pkgutil
import surveil_core

imported = [surveil_core.__name__]
for module in pkgutil.walk_packages(surveil_core.__path__, "surveil_core."):
    importlib.import_module(module.name)
    imported.append(module.name)
allowed = {"surveil_core", "attr", "attrs"} | sys.stdlib_module_names
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({
    "imported": imported,
    "foreign": sorted(roots - allowed),
    "file": surveil_core.__file__,
}))
"""
"""A program that prints, as JSON, the core's modules and what else they brought in."""


def import_path() -> dict[str, str]:
    """Build an environment in which a fresh Python finds what this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
