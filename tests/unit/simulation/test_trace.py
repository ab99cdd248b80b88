"""Reading recorded traces, good and bad."""

from pathlib import Path

import pytest

from surveil_adapters.simulation.player import Step
from surveil_adapters.simulation.trace import (
    KIND_BY_WORD,
    MAX_TRACE_STEPS,
    parse_trace,
    read_trace,
)
from surveil_core.errors import ConfigurationError
from surveil_core.events import SensorKind

HEADER = "ts,sensor,kind,place,state"
ON = "2009-07-21T13:30:12.000000,1:PIR hall,pir,hall,ON"
OFF = "2009-07-21T13:30:14.500000,1:PIR hall,pir,hall,OFF"


def test_rows_become_steps_from_the_first_one_on() -> None:
    """Offsets count seconds from the first row."""
    trace = parse_trace([HEADER, ON, OFF], name="t.csv")
    assert trace.steps == (
        Step(offset_s=0.0, sensor_name="1:PIR hall", active=True),
        Step(offset_s=2.5, sensor_name="1:PIR hall", active=False),
    )
    assert trace.kind_by_sensor == {"1:PIR hall": SensorKind.MOTION}


def test_each_sensor_gets_its_own_pin() -> None:
    """Debouncing is per sensor, so sensors of a trace are not merged."""
    other = "2009-07-21T13:30:15,2:mat,pressure,,ON"
    specs = parse_trace([HEADER, ON, other], name="t.csv").sensor_specs(min_interval_s=2)
    assert [(s.name, s.kind, s.pin) for s in specs] == [
        ("1:PIR hall", SensorKind.MOTION, 0),
        ("2:mat", SensorKind.PRESSURE, 1),
    ]


def test_more_sensors_than_pins_are_refused() -> None:
    """A header has 28 lines."""
    rows = [f"2009-07-21T13:30:12,s{n},motion,,ON" for n in range(29)]
    with pytest.raises(ConfigurationError, match=r"29 sensors.*28"):
        parse_trace([HEADER, *rows], name="t.csv").sensor_specs(min_interval_s=2)


def test_an_empty_trace_has_no_steps() -> None:
    """A header alone is a legal recording of nothing."""
    assert parse_trace([HEADER], name="t.csv").steps == ()


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], "t.csv, line 1: columns are '', expected 'ts,sensor,kind,place,state'"),
        (["a,b"], "line 1: columns are 'a,b'"),
        ([HEADER, "x,y"], "line 2: 2 fields, expected 5"),
        ([HEADER, ON, ON.replace("ON", "AN")], "line 3: state is 'AN', expected one of ON, OFF"),
        ([HEADER, ON.replace("pir,", "smell,")], "line 2: kind is 'smell', expected one of motion"),
        ([HEADER, ON.replace("2009-07", "2009-7")], "line 2: Invalid isoformat"),
        ([HEADER, OFF, ON], "line 3: ts goes back by 2.5 s; sort"),
        ([HEADER, ON, OFF.replace("00,", "00Z,")], "line 3: can't compare"),
        ([HEADER, "x" * 1001], "line 2: 1001 characters, allowed are 1000"),
    ],
)
def test_a_bad_line_is_named(lines: list[str], complaint: str) -> None:
    """The text says which line, what is there and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        parse_trace(lines, name="t.csv")
    assert complaint in str(caught.value)


def test_an_endless_trace_is_refused() -> None:
    """A file larger than memory is no recording of a home."""
    endless = (line for line in [HEADER, *[ON] * (MAX_TRACE_STEPS + 1)])
    with pytest.raises(ConfigurationError, match="more than 200000 steps"):
        parse_trace(endless, name="t.csv")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """No such file is a matter of configuration."""
    with pytest.raises(ConfigurationError, match=r"none\.csv cannot be read: No such file"):
        read_trace(tmp_path / "none.csv")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """Latin-1 is refused with the way out."""
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEADER}\n{ON}\n".replace("hall", "entrée").encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"not UTF-8.*convert"):
        read_trace(path)


def test_every_kind_of_the_product_can_be_recorded() -> None:
    """The product's own words are among those a trace may use."""
    assert all(KIND_BY_WORD[kind.value] is kind for kind in SensorKind)
