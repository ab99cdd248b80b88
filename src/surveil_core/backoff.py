"""How long to wait before trying again: exponential, capped, with full jitter downwards.

Jitter keeps fifty sites from calling a recovering backend in the same second.
"""

from attrs import field, frozen, validators


@frozen(kw_only=True)
class Backoff:
    """Delays grow from `first_s` by `factor` up to `max_s`."""

    first_s: float = field(default=0.5, validator=validators.gt(0))
    max_s: float = field(default=30.0, validator=validators.gt(0))
    factor: float = field(default=2.0, validator=validators.ge(1))
    jitter: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])

    def delay_s(self, failures: int, chance: float) -> float:
        """Seconds to wait after `failures` (from 1) in a row; `chance` is random in 0..1."""
        exponent = min(max(failures - 1, 0), 64)
        full_s = min(self.first_s * self.factor**exponent, self.max_s)
        return full_s * (1 - self.jitter * chance)
