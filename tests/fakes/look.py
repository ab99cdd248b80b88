"""Looks at keyframes without decoding them."""

from attrs import define, field

from surveil_core.errors import StoreUnavailable


@define
class FakeLook:
    """A `Look` that is over at once, unless `is_over` is set otherwise."""

    found: str | None = None
    is_over: bool = True
    is_closed: bool = field(default=False, init=False)

    def problem(self) -> str | None:
        """Give what was `found`."""
        self.is_closed = True
        return self.found

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


@define
class FakeLooks:
    """Starts looks: calls each keyframe in `damaged` so, and notes which were looked at.

    `error` refuses to start any; while `are_slow`, none is over.
    """

    damaged: set[bytes] = field(factory=set)
    error: str | None = None
    are_slow: bool = False
    started: list[tuple[bytes, FakeLook]] = field(factory=list, init=False)

    def __call__(self, keyframe: bytes) -> FakeLook:
        """Begin one."""
        if self.error is not None:
            raise StoreUnavailable(self.error)
        found = "no picture" if keyframe in self.damaged else None
        look = FakeLook(found, is_over=not self.are_slow)
        self.started.append((keyframe, look))
        return look
