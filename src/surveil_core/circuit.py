"""When to leave a failing backend alone, and how to find out that it is back.

Closed, everything is sent. After `open_after` failures in a row, at once when there is no
answer at all, or when the backend names a time (`Retry-After`), the circuit opens and
nothing is sent for a while that grows. Then one run at a time probes, until one succeeds.

A device that has not failed itself may probe at once, unless the backend named the time:
otherwise one whose event makes the backend fail would speak for all.
"""

import enum

from attrs import evolve, field, frozen, validators

from surveil_core.backoff import Backoff

MAX_RETRY_AFTER_S = 3600.0
"""Longest pause that a backend's `Retry-After` gets; a mistaken one must not last a year."""


class Permission(enum.Enum):
    """What may be sent now."""

    ALL = "all"
    ONE_PROBE = "one probe"
    NOTHING = "nothing"


@frozen(kw_only=True)
class CircuitPolicy:
    """How patient the bridge is."""

    open_after: int = field(default=3, validator=validators.ge(1))
    backoff: Backoff = field(factory=Backoff)


@frozen(kw_only=True)
class Circuit:
    """Failures in a row over all devices, and since when. `open_until_s` None is closed."""

    failures: int = 0
    open_until_s: float | None = None
    probing: bool = False
    named_by_backend: bool = False

    def permission(self, *, at_s: float, has_failed: bool) -> Permission:
        """Say what a device may send at an instant; `has_failed` is whether it did lately."""
        if self.open_until_s is None:
            return Permission.ALL
        if self.probing:
            return Permission.NOTHING
        may_ask = not has_failed and not self.named_by_backend
        return Permission.ONE_PROBE if may_ask or at_s >= self.open_until_s else Permission.NOTHING


def after_sending(circuit: Circuit) -> Circuit:
    """Note that a run went out: on an open circuit it is the probe."""
    return circuit if circuit.open_until_s is None else evolve(circuit, probing=True)


def after_success(_: Circuit) -> Circuit:
    """Close the circuit: the backend took or refused an event, so it is there."""
    return Circuit()


def after_failure(
    policy: CircuitPolicy,
    circuit: Circuit,
    *,
    at_s: float,
    chance: float,
    answered: bool,
    retry_after_s: float | None,
) -> Circuit:
    """Count a failure. `answered` is False when the backend gave no HTTP answer.

    Runs that were out when the circuit opened tell nothing new when they fail too.
    """
    if circuit.open_until_s is not None and not circuit.probing and retry_after_s is None:
        return circuit
    failures = circuit.failures + 1
    stays_closed = (
        answered
        and retry_after_s is None
        and failures < policy.open_after
        and circuit.open_until_s is None
    )
    if stays_closed:
        return evolve(circuit, failures=failures)
    pause_s = pause_after(policy.backoff, failures, chance, retry_after_s)
    open_until_s = max(at_s + pause_s, circuit.open_until_s or 0.0)
    return Circuit(
        failures=failures,
        open_until_s=open_until_s,
        named_by_backend=retry_after_s is not None,
    )


def pause_after(
    backoff: Backoff, failures: int, chance: float, retry_after_s: float | None
) -> float:
    """Seconds until the next attempt: what the backend asked for, else the backoff."""
    if retry_after_s:
        return min(retry_after_s, MAX_RETRY_AFTER_S)
    return backoff.delay_s(failures, chance)
