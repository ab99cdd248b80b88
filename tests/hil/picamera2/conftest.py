"""Keeps the suite to the guest that `python -m tests.hil.picamera2` boots."""

from pathlib import Path

_VIMC = Path("/sys/bus/platform/devices/vimc.0")

collect_ignore_glob = [] if _VIMC.exists() else ["test_*.py"]
"""The suite of the sensors' lines, one folder up, boots a guest without VIMC."""
