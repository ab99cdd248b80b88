"""How connections are made again: pauses, announcements, and the fight over a client id."""

from collections.abc import Iterator

import pytest
from attrs import define, field

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.retry import ConnectionEnd, Reconnector, is_worth_announcing
from surveil_core.notices import (
    BrokerConnecting,
    BrokerConnectionFailed,
    BrokerConnectionLost,
    ClientIdContested,
)
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock

REFUSED = ConnectionEnd(reason="Connection refused")
YOUNG = ConnectionEnd(reason="closed", lasted_s=59.9)
SETTLED = ConnectionEnd(reason="closed", lasted_s=60.0)


@define
class Site:
    """A reconnector whose connections end as a test has written them, on a fake clock."""

    ends: list[ConnectionEnd | Exception]
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    chance: float = 0.0

    def run(self) -> "Site":
        """Go through all ends; then the connection is asked to end."""
        script: Iterator[ConnectionEnd | Exception] = iter(self.ends)

        def serve() -> ConnectionEnd | None:
            end = next(script, None)
            if isinstance(end, Exception):
                raise end
            return end

        Reconnector(
            address=BrokerAddress(),
            client_id="mqtt-bridge-raspberry-1",
            service="bridge",
            announcer=self.announcer,
            serve=serve,
            wait_s=self.clock.wait_s,
            random_unit=lambda: self.chance,
        ).run()
        return self


def test_ten_attempts_are_logged_then_every_tenth() -> None:
    """The spec shows ten; a week's outage must not fill the log."""
    logged = [attempt for attempt in range(1, 41) if is_worth_announcing(attempt)]
    assert logged == [*range(1, 11), 20, 30, 40]


def test_pauses_grow_to_thirty_seconds() -> None:
    """A broker that is away is asked ever more seldom, and for ever."""
    assert Site([REFUSED] * 8).run().clock.waits_s == [1, 2, 4, 8, 16, 30, 30, 30]


def test_pauses_are_jittered_downwards() -> None:
    """Fifty sites do not call in the same second."""
    assert Site([REFUSED] * 6, chance=1.0).run().clock.waits_s == [0.5, 1, 2, 4, 8, 15]


def test_attempts_and_failures_are_announced_as_the_spec_has_it() -> None:
    """One to ten, then every tenth, each with its failure and reason."""
    site = Site([REFUSED] * 30).run()
    expected = [*range(1, 11), 20, 30]
    assert [n.attempt for n in site.announcer.of(BrokerConnecting)] == expected
    failed = site.announcer.of(BrokerConnectionFailed)
    assert [n.attempt for n in failed] == expected
    assert {n.reason for n in failed} == {"Connection refused"}


def test_loss_of_a_settled_connection_is_mended_at_once() -> None:
    """One second at most, attempts counted from 1, whatever went before."""
    site = Site([REFUSED] * 5 + [SETTLED, REFUSED]).run()
    assert site.clock.waits_s[5:] == [1, 2]
    assert [n.attempt for n in site.announcer.of(BrokerConnecting)] == [1, 2, 3, 4, 5, 6, 2, 3]
    assert [n.reason for n in site.announcer.of(BrokerConnectionLost)] == ["closed"]


def test_pauses_grow_when_young_connections_are_closed() -> None:
    """Two programs with one client id throw each other out ever more seldom."""
    site = Site([YOUNG] * 7).run()
    assert site.clock.waits_s == [1, 2, 4, 8, 16, 30, 30]
    assert len(site.announcer.of(BrokerConnectionLost)) == 7


@pytest.mark.parametrize(("closes", "told"), [(2, []), (3, [3]), (12, [3]), (23, [3, 13, 23])])
def test_contest_for_a_client_id_is_told(closes: int, told: list[int]) -> None:
    """The third young close in a row names the client id; then every tenth does."""
    contests = Site([YOUNG] * closes).run().announcer.of(ClientIdContested)
    assert [notice.young_closes for notice in contests] == told
    assert {notice.client_id for notice in contests} <= {"mqtt-bridge-raspberry-1"}


@pytest.mark.parametrize("between", [REFUSED, SETTLED])
def test_no_contest_is_told_when_the_broker_was_away(between: ConnectionEnd) -> None:
    """A broker that is restarted again and again, or a long peace, is no contest."""
    site = Site([YOUNG, YOUNG, between, YOUNG, YOUNG]).run()
    assert site.announcer.of(ClientIdContested) == []


def test_no_contest_is_told_when_we_gave_up() -> None:
    """A failure of our own says nothing about another program; the pauses grow all the same."""
    ours = ConnectionEnd(reason="no subscription", lasted_s=0.1, is_our_failure=True)
    site = Site([ours] * 4).run()
    assert site.announcer.of(ClientIdContested) == []
    assert site.clock.waits_s == [1, 2, 4, 8]


def test_unexpected_failure_is_announced_and_tried_again() -> None:
    """No error ends the connecting for good, or unheard."""
    site = Site([RuntimeError("out of threads"), REFUSED]).run()
    assert [n.reason for n in site.announcer.of(BrokerConnectionFailed)] == [
        "RuntimeError: out of threads",
        "Connection refused",
    ]


def test_request_to_stop_ends_a_pause() -> None:
    """No further attempt follows."""
    site = Site([REFUSED] * 3, clock=FakeClock(stop_requested=True)).run()
    assert len(site.announcer.of(BrokerConnecting)) == 1
