"""Connecting again for ever: how long to pause, and what to say.

Each end of a connection is one more failure, and the pause after it is longer, up to
30 s. Only a connection that lasted `SETTLED_S` starts the count anew: two programs with
one client id throw each other out (MQTT 3.1.1, 3.1.4-2), and without this rule they
would do so many times a second.

The first ten attempts of an outage are announced one by one (spec: "tentative 1/10"),
then every tenth, so that a week's outage does not fill a log.
"""

from collections.abc import Callable
from random import random

from attrs import define, field, frozen

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_core.backoff import Backoff
from surveil_core.notices import (
    BrokerConnecting,
    BrokerConnectionFailed,
    BrokerConnectionLost,
    ClientIdContested,
)
from surveil_core.ports.announcer import Announcer

LOGGED_ATTEMPTS = 10
SETTLED_S = 60.0
SUSPICIOUS_CLOSES = 3
RETRY_BACKOFF = Backoff(first_s=1.0, max_s=30.0)


@frozen(kw_only=True)
class ConnectionEnd:
    """Why a connection is no more. `lasted_s` is None if the broker never accepted it.

    With `is_our_failure`, we gave it up; else the broker closed it, or the network failed.
    """

    reason: str
    lasted_s: float | None = None
    is_our_failure: bool = False


def is_worth_announcing(attempt: int) -> bool:
    """Say whether attempt number `attempt` (from 1) of an outage goes to the log."""
    return attempt <= LOGGED_ATTEMPTS or attempt % LOGGED_ATTEMPTS == 0


@define(kw_only=True)
class Reconnector:
    """Calls `serve` again and again. One thread calls `run`.

    `serve` connects and returns when the connection is no more, or None when it was
    asked to end. `wait_s` waits so many seconds, and is True when asked to end.
    """

    address: BrokerAddress
    client_id: str
    service: str
    announcer: Announcer
    serve: Callable[[], ConnectionEnd | None]
    wait_s: Callable[[float], bool]
    backoff: Backoff = RETRY_BACKOFF
    random_unit: Callable[[], float] = random
    _failures: int = field(default=0, init=False)
    _young_closes: int = field(default=0, init=False)

    def run(self) -> None:
        """Stay connected until asked to end. Whatever `serve` raises is announced."""
        while (end := self._attempt()) is not None:
            self._count(end)
            if self.wait_s(self.backoff.delay_s(self._failures, self.random_unit())):
                return

    def _attempt(self) -> ConnectionEnd | None:
        self._announce_attempt()
        try:
            return self.serve()
        except Exception as error:  # noqa: BLE001 - said aloud, then connected again
            return ConnectionEnd(reason=f"{type(error).__name__}: {error}")

    def _count(self, end: ConnectionEnd) -> None:
        if end.lasted_s is None:
            self._announce_failure(end.reason)
            self._young_closes = 0  # a broker that is away explains the closes before
        else:
            self._announce_loss(end.reason)
            self._judge_age(end.lasted_s, is_our_failure=end.is_our_failure)
        self._failures += 1

    def _judge_age(self, lasted_s: float, *, is_our_failure: bool) -> None:
        if lasted_s >= SETTLED_S:
            self._failures = self._young_closes = 0
        if lasted_s >= SETTLED_S or is_our_failure:
            return
        self._young_closes += 1
        if self._young_closes % LOGGED_ATTEMPTS == SUSPICIOUS_CLOSES:
            self._announce_contest()

    def _announce_attempt(self) -> None:
        attempt = self._failures + 1
        if is_worth_announcing(attempt):
            self.announcer.announce(
                BrokerConnecting(
                    service=self.service,
                    host=self.address.host,
                    port=self.address.port,
                    attempt=attempt,
                    logged_attempts=LOGGED_ATTEMPTS,
                )
            )

    def _announce_failure(self, reason: str) -> None:
        attempt = self._failures + 1
        if is_worth_announcing(attempt):
            self.announcer.announce(
                BrokerConnectionFailed(
                    service=self.service,
                    host=self.address.host,
                    port=self.address.port,
                    attempt=attempt,
                    reason=reason,
                )
            )

    def _announce_loss(self, reason: str) -> None:
        self.announcer.announce(
            BrokerConnectionLost(
                service=self.service,
                host=self.address.host,
                port=self.address.port,
                reason=reason,
            )
        )

    def _announce_contest(self) -> None:
        self.announcer.announce(
            ClientIdContested(
                service=self.service,
                host=self.address.host,
                port=self.address.port,
                client_id=self.client_id,
                young_closes=self._young_closes,
            )
        )
