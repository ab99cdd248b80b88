"""Several cameras behaving as the first one that can be had (spec, "Tentative avec...")."""

from collections.abc import Sequence

from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraReady, CameraRejected, CameraTrying
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit


class CameraChain:
    """A `VideoSource` that tries its candidates in order at each `open`."""

    def __init__(
        self,
        candidates: Sequence[VideoSource],
        *,
        announcer: Announcer,
        clock: Clock,
        service: str = "surveillance",
    ) -> None:
        if not candidates:
            raise ValueError("candidates is empty, expected at least one video source")
        self._candidates = tuple(candidates)
        self._announcer = announcer
        self._clock = clock
        self._service = service
        self._current: VideoSource | None = None
        self._show(self._candidates[0])

    @property
    def dropped_pictures(self) -> int:
        """How many pictures of any candidate were dropped."""
        return sum(candidate.dropped_pictures for candidate in self._candidates)

    def open(self) -> None:
        """Open the first candidate that delivers.

        Raises `CameraUnavailable` naming each candidate and its reason, or when asked
        to stop meanwhile.
        """
        self.close()
        reasons = []
        for candidate in self._candidates:
            if self._clock.wait_s(0):
                raise CameraUnavailable("asked to stop while opening a camera")
            reason = self._try(candidate)
            if reason is None:
                return
            reasons.append(f"{candidate.name}: {reason}")
        raise CameraUnavailable("; ".join(reasons))

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture of the open candidate. Raises `CameraUnavailable`."""
        if self._current is None:
            raise CameraUnavailable("no camera is open; open() the chain before reading")
        return self._current.read(timeout_s)

    def close(self) -> None:
        """Close the open candidate. Closing twice is safe."""
        current, self._current = self._current, None
        if current is not None:
            current.close()

    def _try(self, candidate: VideoSource) -> str | None:
        """Open one candidate. Returns why not, or None."""
        began_at_s = self._clock.monotonic_s()
        self._announcer.announce(CameraTrying(service=self._service, source=candidate.name))
        try:
            candidate.open()
        except CameraUnavailable as error:
            self._announcer.announce(
                CameraRejected(service=self._service, source=candidate.name, reason=str(error))
            )
            return str(error)
        self._current = candidate
        self._show(candidate)
        self._announcer.announce(
            CameraReady(
                service=self._service,
                source=candidate.name,
                simulated=candidate.simulated,
                start_s=self._clock.monotonic_s() - began_at_s,
            )
        )
        return None

    def _show(self, candidate: VideoSource) -> None:
        self.name = candidate.name
        self.simulated = candidate.simulated
        self.format = candidate.format
