"""What the sensor service makes of its lines, on real lines and on simulated ones alike.

A bench has three sensors, the hand at their lines, and an ear for the messages. On a rig
the service is a process of its own and the ear a subscriber; in process it runs on the
simulated board with a clock that stands still, which is no hardware in the loop.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from surveil_core.chatter import CHATTER_EDGES
from surveil_core.events import SensorKind

WARM_UP_S = 10.0
MAT_INTERVAL_S = 0.05

MIN_INTERVAL_S = 0.5
"""Of the PIR and the button; by default it is 2 s, for which a suite waits too long."""

SENSORS = (
    f"kind = 'motion'\nwarm_up_s = {WARM_UP_S}\nmin_interval_s = {MIN_INTERVAL_S}",
    f"kind = 'button'\nmin_interval_s = {MIN_INTERVAL_S}",
    f"kind = 'pressure'\nname = 'Tapis Salon'\npull = 'down'\nmin_interval_s = {MAT_INTERVAL_S}",
)
"""A PIR, a button as it is wired by default, and a mat that is no contact to ground."""

BOUNCE_S = 0.010
ATTEMPTS = 40
"""Beside a busy host an emulated processor stands still for 20 ms, time and again."""

KINDS = tuple(SensorKind)
IS_HIGH_AT_REST = (False, True, False)


def configuration(pins: Sequence[int]) -> str:
    """Write `SENSORS`, or as many as there are `pins`, as the configuration has them."""
    pinned = zip(SENSORS, pins, strict=False)
    return "".join(f"[[sensors]]\n{text}\npin = {pin}\n" for text, pin in pinned)


class SensorServiceBench(Protocol):
    """The service with `SENSORS`, warm and at rest, and nothing left to hear.

    `margin_s` is how exactly the hand can time an edge; a hand that is slower now and then
    tries again.
    """

    margin_s: float

    def rest(self) -> None:
        """Let all go, wait for longer than any debounce, and forget what was heard."""

    def pin(self, kind: SensorKind) -> int:
        """Say the line of a sensor; skip the test where this bench has none."""

    def be_quick(self) -> None:
        """Skip the test where no hand can toggle a line twenty times in 10 ms."""

    def set(self, kind: SensorKind, *, pressed: bool) -> None:
        """Press a sensor or let it go."""

    def let_pass(self, duration_s: float) -> None:
        """Let time pass."""

    def monotonic_s(self) -> float:
        """Say the time on the clock that stamps edges."""

    def now_utc(self) -> datetime:
        """Say the wall time."""

    def next_message(self) -> tuple[str, dict[str, Any]]:
        """Wait for a message: its topic and its document."""

    def hears_nothing(self) -> bool:
        """Whether it stays quiet for longer than any debounce."""

    def told(self, event: str) -> list[dict[str, Any]]:
        """What the service has told of one kind of notice, named in snake case."""


class SensorServiceContract:
    """The suite. The fixture `bench` puts all at rest."""

    def test_a_motion_is_one_message_with_the_fields_of_the_spec(
        self, bench: SensorServiceBench
    ) -> None:
        """A rising line becomes one message, and the falling one none."""
        before = bench.now_utc()
        bench.set(SensorKind.MOTION, pressed=True)
        after = bench.now_utc()
        topic, message = bench.next_message()
        bench.set(SensorKind.MOTION, pressed=False)
        assert bench.hears_nothing()
        assert topic == "sensor/motion"
        occurred = datetime.fromisoformat(message.pop("timestamp")).replace(tzinfo=UTC)
        assert before - timedelta(seconds=0.1) <= occurred <= after + timedelta(seconds=1)
        assert re.fullmatch(r"evt-\d{10}-[0-9a-f]{6}", message.pop("event_id"))
        assert message.pop("clock_synced", False) is False  # of a machine without time server
        assert message == {
            "device_id": "raspberry-1",
            "source": "PIR",
            "type": "MOTION_DETECTED",
            "data": {"gpio_pin": bench.pin(SensorKind.MOTION), "state": "HIGH"},
        }

    def test_a_bouncing_contact_is_one_event(self, bench: SensorServiceBench) -> None:
        """Twenty toggles in 10 ms are one event, of the first of them, and no chatter."""
        bench.be_quick()
        chattered = len(bench.told("sensor_chattering"))
        for _ in self._attempts(bench):
            began_s = bench.monotonic_s()
            for pressed in [True, False] * 10:
                bench.set(SensorKind.MOTION, pressed=pressed)
            if bench.monotonic_s() - began_s <= BOUNCE_S:
                break
        assert bench.next_message()[1]["data"]["state"] == "HIGH"
        assert bench.hears_nothing()
        assert len(bench.told("sensor_chattering")) == chattered

    @pytest.mark.parametrize("pulse_s", [0.001, 0.005, 0.020])
    def test_a_short_pulse_is_one_event(self, bench: SensorServiceBench, pulse_s: float) -> None:
        """Nobody polls: what is over before a program could look is an event all the same."""
        bench.set(SensorKind.MOTION, pressed=True)
        bench.let_pass(pulse_s)
        bench.set(SensorKind.MOTION, pressed=False)
        assert bench.next_message()[0] == "sensor/motion"
        assert bench.hears_nothing()

    @pytest.mark.parametrize("side", ["before", "at"])
    def test_the_interval_is_kept_on_both_sides(self, bench: SensorServiceBench, side: str) -> None:
        """Just before `min_interval_s` a press is ignored; at it, it is an event."""
        wanted_s = MIN_INTERVAL_S - (bench.margin_s + 1e-6 if side == "before" else 0)
        for _ in self._attempts(bench):
            earliest_s, latest_s = self._press_twice(bench, wanted_s)
            if side == "before" and latest_s < MIN_INTERVAL_S:
                break
            if side == "at" and MIN_INTERVAL_S <= earliest_s <= MIN_INTERVAL_S + bench.margin_s:
                break
        bench.next_message()
        if side == "at":
            assert bench.next_message()[0] == "sensor/motion"
        assert bench.hears_nothing()

    def test_a_line_stuck_on_is_one_event(self, bench: SensorServiceBench) -> None:
        """It fires once however long it stays, and again when it was let go and pressed."""
        bench.set(SensorKind.MOTION, pressed=True)
        assert bench.next_message()[0] == "sensor/motion"
        bench.let_pass(3 * MIN_INTERVAL_S)
        assert bench.hears_nothing()
        bench.set(SensorKind.MOTION, pressed=False)
        assert bench.hears_nothing()
        bench.set(SensorKind.MOTION, pressed=True)
        assert bench.next_message()[0] == "sensor/motion"

    def test_a_chattering_sensor_is_told_once(self, bench: SensorServiceBench) -> None:
        """Hundreds of edges are one event per interval, and two lines in the log."""
        bench.be_quick()
        chattered, calmed = (len(bench.told(e)) for e in ("sensor_chattering", "sensor_calm"))
        ignored = len(bench.told("edge_ignored"))
        began_s, edges = bench.monotonic_s(), 0
        while bench.monotonic_s() - began_s < 1.5 * MIN_INTERVAL_S:
            bench.set(SensorKind.MOTION, pressed=True)
            bench.set(SensorKind.MOTION, pressed=False)
            bench.let_pass(0.005)
            edges += 1
        assert [bench.next_message()[0] for _ in range(2)] == ["sensor/motion"] * 2
        assert bench.hears_nothing()
        bench.set(SensorKind.MOTION, pressed=True)
        bench.next_message()
        assert edges > 2 * CHATTER_EDGES
        assert len(bench.told("sensor_chattering")) == chattered + 1
        assert len(bench.told("edge_ignored")) == ignored + CHATTER_EDGES - 1
        assert len(bench.told("sensor_calm")) == calmed + 1
        assert bench.told("sensor_calm")[-1]["ignored_edges"] == edges - 2

    def test_a_button_to_ground_needs_no_settings(self, bench: SensorServiceBench) -> None:
        """By default a button has a pull-up and fires on LOW; letting go is no event."""
        pin = bench.pin(SensorKind.BUTTON)
        bench.set(SensorKind.BUTTON, pressed=True)
        topic, message = bench.next_message()
        bench.set(SensorKind.BUTTON, pressed=False)
        assert bench.hears_nothing()
        assert (topic, message["type"]) == ("sensor/button", "BUTTON_PRESSED")
        assert (message["source"], message["data"]) == (
            "BUTTON",
            {"gpio_pin": pin, "state": "LOW"},
        )

    def test_name_pull_polarity_and_interval_are_those_of_the_configuration(
        self, bench: SensorServiceBench
    ) -> None:
        """A mat, by default a contact to ground, told otherwise fires on HIGH, twice in 2 s."""
        pin = bench.pin(SensorKind.PRESSURE)
        names = {told["kind"]: told["sensor_name"] for told in bench.told("sensor_ready")}
        assert names == {
            "motion": "PIR Entrée",
            "button": "Bouton Entrée",
            "pressure": "Tapis Salon",
        }
        for _ in range(2):
            bench.set(SensorKind.PRESSURE, pressed=True)
            bench.let_pass(2 * MAT_INTERVAL_S)
            bench.set(SensorKind.PRESSURE, pressed=False)
            topic, message = bench.next_message()
            assert (topic, message["type"]) == ("sensor/pressure", "PRESSURE_DETECTED")
            assert message["data"] == {"gpio_pin": pin, "state": "HIGH"}

    def test_three_sensors_fire_at_once(self, bench: SensorServiceBench) -> None:
        """Each kind has a topic and a line of its own, and none holds up another."""
        pins = {f"sensor/{kind}": bench.pin(kind) for kind in KINDS}
        for kind in KINDS:
            bench.set(kind, pressed=True)
        heard = [bench.next_message() for _ in KINDS]
        assert {topic: message["data"]["gpio_pin"] for topic, message in heard} == pins

    def _attempts(self, bench: SensorServiceBench) -> Iterator[int]:
        """Give a slow hand some attempts, each from rest; then fail."""
        for attempt in range(ATTEMPTS):
            if attempt:
                bench.rest()
            yield attempt
        pytest.fail(f"the hand was too slow {ATTEMPTS} times, so this proves nothing")

    def _press_twice(self, bench: SensorServiceBench, apart_s: float) -> tuple[float, float]:
        """Press twice; say the least and the most time that can be between the edges."""
        before_first_s = bench.monotonic_s()
        bench.set(SensorKind.MOTION, pressed=True)
        after_first_s = bench.monotonic_s()
        bench.set(SensorKind.MOTION, pressed=False)
        bench.let_pass(after_first_s + apart_s - bench.monotonic_s())
        before_second_s = bench.monotonic_s()
        bench.set(SensorKind.MOTION, pressed=True)
        after_second_s = bench.monotonic_s()
        return before_second_s - after_first_s, after_second_s - before_first_s
