"""`python -m apps.edge` as a process of its own, and what it tells."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hil.listener import START_S
from tests.rig.brokers import Address
from tests.rig.programs import Program, program
from tests.waiting import wait_for


@contextmanager
def edge_process(
    *services: str,
    sensors: str,
    broker: Address,
    folder: Path,
    awaits: Mapping[str, int],
    settings: Mapping[str, object] | None = None,
) -> Iterator[Program]:
    """Run services with a configuration of `sensors` (TOML), its data below `folder`.

    Yields once each notice of `awaits` was told as often as it says; stops the process
    in good order in the end.
    """
    file = folder / "edge.toml"
    file.write_text(sensors, encoding="utf-8")
    values: dict[str, object] = {
        "LOG__FORMAT": "json",
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "STORAGE__DATA_DIR": folder / "data",
        **(settings or {}),
    }
    with program("apps.edge", "--config", str(file), "run", *services, settings=values) as running:
        for event, count in awaits.items():
            await_notices(running, event, count)
        yield running
        assert running.stop(within_s=START_S) == 0, running.output


def notices(running: Program, event: str) -> list[dict[str, Any]]:
    """What the process has told of one kind."""
    lines = [line for line in list(running.lines) if f'"event": "{event}"' in line]
    return [json.loads(line) for line in lines]


def await_notices(running: Program, event: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until the process has told a kind of notice `count` times."""

    def told() -> list[dict[str, Any]] | None:
        assert running.process.poll() is None, running.output
        found = notices(running, event)
        return found if len(found) >= count else None

    try:
        return wait_for(f"{count} times {event}", told, within_s=START_S) or []
    except AssertionError as error:
        raise AssertionError(f"{error}\n{running.output}") from error
