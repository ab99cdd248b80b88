"""Reads a recorded trace: a CSV with the columns ts, sensor, kind, place, state.

`ts` is ISO 8601 and never goes back, `state` is ON or OFF. Each sensor of the trace
becomes a simulated sensor of its own, since debouncing is per sensor. The product has
no reed, mercury or float switches: they stand in for push buttons.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen

from surveil_adapters.simulation.board import HEADER_PINS
from surveil_adapters.simulation.player import Step
from surveil_core.errors import ConfigurationError
from surveil_core.events import SensorKind
from surveil_core.ports.sensors import SensorSpec

T = TypeVar("T")

MAX_TRACE_STEPS = 200_000
MAX_LINE_CHARS = 1_000

COLUMNS = ("ts", "sensor", "kind", "place", "state")

KIND_BY_WORD: Mapping[str, SensorKind] = {
    "motion": SensorKind.MOTION,
    "pir": SensorKind.MOTION,
    "pressure": SensorKind.PRESSURE,
    "button": SensorKind.BUTTON,
    "reed/other": SensorKind.BUTTON,
    "mercury": SensorKind.BUTTON,
    "float": SensorKind.BUTTON,
    "flush": SensorKind.BUTTON,
}
_ACTIVE_BY_STATE = {"ON": True, "OFF": False}


@frozen(kw_only=True)
class Trace:
    """What was recorded: `steps` in order, and the kind of each sensor in them."""

    steps: tuple[Step, ...] = field(repr=False)
    kind_by_sensor: Mapping[str, SensorKind]

    def sensor_specs(self, *, min_interval_s: float) -> tuple[SensorSpec, ...]:
        """Give each sensor of the trace a pin, from 0 on."""
        if len(self.kind_by_sensor) > len(HEADER_PINS):
            raise ConfigurationError(
                f"the trace has {len(self.kind_by_sensor)} sensors, "
                f"a simulated board holds {len(HEADER_PINS)}; leave some out"
            )
        return tuple(
            SensorSpec(kind=kind, name=name, pin=pin, min_interval_s=min_interval_s)
            for pin, (name, kind) in enumerate(self.kind_by_sensor.items())
        )


def read_trace(path: Path) -> Trace:
    """Read a trace file.

    Raises `ConfigurationError` naming the file, the line and what was expected there.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return parse_trace(lines, name=str(path))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: {error}; convert it") from error


def parse_trace(lines: Iterable[str], *, name: str) -> Trace:
    """Parse the lines of a trace; `name` is what errors call it."""
    rows = csv.reader(_bounded(lines, name))
    header = tuple(next(rows, ()))
    if header != COLUMNS:
        raise ConfigurationError(
            f"{name}, line 1: columns are {','.join(header)!r:.80}, expected {','.join(COLUMNS)!r}"
        )
    steps: list[Step] = []
    kind_by_sensor: dict[str, SensorKind] = {}
    first = last = None
    for number, row in enumerate(rows, start=2):
        try:
            moment, kind, sensor_name, active = _parse_row(row)
            first, last = first or moment, _later(moment, last or moment)
            offset_s = (moment - first).total_seconds()
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{name}, line {number}: {error}") from error
        kind_by_sensor.setdefault(sensor_name, kind)
        steps.append(Step(offset_s=offset_s, sensor_name=sensor_name, active=active))
    return Trace(steps=tuple(steps), kind_by_sensor=kind_by_sensor)


def _bounded(lines: Iterable[str], name: str) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number > MAX_TRACE_STEPS + 1:
            raise ConfigurationError(
                f"{name} has more than {MAX_TRACE_STEPS} steps; cut it into several files"
            )
        if len(line) > MAX_LINE_CHARS:
            raise ConfigurationError(
                f"{name}, line {number}: {len(line)} characters, allowed are {MAX_LINE_CHARS}"
            )
        yield line


def _parse_row(row: list[str]) -> tuple[datetime, SensorKind, str, bool]:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} fields, expected {len(COLUMNS)}: {', '.join(COLUMNS)}")
    ts, sensor_name, kind, _place, state = row
    return (
        datetime.fromisoformat(ts),
        _lookup(KIND_BY_WORD, "kind", kind),
        sensor_name,
        _lookup(_ACTIVE_BY_STATE, "state", state),
    )


def _later(moment: datetime, last: datetime) -> datetime:
    if moment < last:
        back_s = (last - moment).total_seconds()
        raise ValueError(f"ts goes back by {back_s:g} s; sort the file by ts")
    return moment


def _lookup(table: Mapping[str, T], name: str, word: str) -> T:
    if word not in table:
        raise ValueError(f"{name} is {word!r:.40}, expected one of {', '.join(table)}")
    return table[word]
