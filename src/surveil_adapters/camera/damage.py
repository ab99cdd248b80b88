"""Does what a camera sends decode? A keyframe is tried now and then, as all would cost too much.

A bad cable or a dying encoder shows in keyframes first, since they are the largest pictures.
Another process decodes them, so that an answer comes some tenths of a second later; what is
damaged in a clip is found once more, and left out, when its video is made.
"""

import base64
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from surveil_adapters.libav.process import LibavCrashed, LibavProcess
from surveil_core.errors import CameraUnavailable, StoreUnavailable

LOOK_EVERY_S = 30.0
"""How far apart the keyframes are that are tried as long as all is well."""

FIRST_LOOK_AFTER_S = 5.0
"""How long a camera films before its first look: a shorter clip needs none of its own."""

LOOK_WITHIN_S = 20.0
"""On the clock of the pictures; a machine that takes longer has no time for it."""

MAX_DAMAGED_KEYFRAMES = 3
"""After a damaged keyframe the next ones are tried; so many in a row end the camera's run."""


class Look(Protocol):
    """A keyframe being decoded elsewhere. Used by one thread."""

    @property
    def is_over(self) -> bool:
        """Whether `problem` has not to wait."""

    def problem(self) -> str | None:
        """Say what is wrong with the keyframe, or None, and close.

        Raises `StoreUnavailable` when nobody could tell.
        """

    def close(self) -> None:
        """Give up. Closing twice is safe."""


class LibavLook:
    """A `Look` by FFmpeg's decoder."""

    def __init__(self, keyframe: bytes) -> None:
        """Begin. Raises `StoreUnavailable`."""
        encoded = base64.b64encode(keyframe).decode()
        self._process = LibavProcess("look at a keyframe", keyframe_base64=encoded)

    @property
    def is_over(self) -> bool:
        """As the port says."""
        return self._process.is_over

    def problem(self) -> str | None:
        """As the port says; what crashes the decoder is wrong."""
        try:
            answer: str | None = self._process.answer(LOOK_WITHIN_S)
        except LibavCrashed as error:
            return str(error)
        return answer

    def close(self) -> None:
        """As the port says."""
        self._process.close()


class DamageWatch:
    """Looks at keyframes in their order. Used by one thread; `close` by any, and for good."""

    def __init__(
        self,
        *,
        look_every_s: float = LOOK_EVERY_S,
        start_look: Callable[[bytes], Look] = LibavLook,
    ) -> None:
        self._look_every_s = look_every_s
        self._start_look = start_look
        self._look: Look | None = None
        self._is_closed = False
        self._lock = Lock()
        self._began_at_s = 0.0
        self._due_at_s: float | None = None
        self._damaged = 0

    def note(self, keyframe: bytes, *, at_s: float) -> None:
        """Take a keyframe, which has its parameter sets, and try it if it is time to.

        Never waits. Raises `CameraUnavailable` when the last ones tried were all damaged.
        """
        with self._lock:
            if self._due_at_s is None:
                self._due_at_s = at_s + min(FIRST_LOOK_AFTER_S, self._look_every_s)
            if self._look is not None:
                self._take_answer(self._look, at_s=at_s)
            is_due = bool(self._damaged) or at_s >= self._due_at_s
            if self._look is None and is_due and not self._is_closed:
                self._began_at_s, self._due_at_s = at_s, at_s + self._look_every_s
                self._begin(keyframe)

    def close(self) -> None:
        """Give up a look that is not over. Closing twice is safe."""
        with self._lock:
            self._is_closed = True
            self._give_up()

    def _give_up(self) -> None:
        look, self._look = self._look, None
        if look is not None:
            look.close()

    def _begin(self, keyframe: bytes) -> None:
        try:
            self._look = self._start_look(keyframe)
        except StoreUnavailable:
            self._look = None  # no video can be made then either, and that is told

    def _take_answer(self, look: Look, *, at_s: float) -> None:
        if not look.is_over:
            if at_s - self._began_at_s > LOOK_WITHIN_S:
                self._give_up()
            return
        self._look = None
        try:
            problem = look.problem()
        except StoreUnavailable:
            return  # nobody knows, and the next look may
        self._damaged = self._damaged + 1 if problem else 0
        if self._damaged >= MAX_DAMAGED_KEYFRAMES:
            raise CameraUnavailable(
                f"{self._damaged} keyframes one after the other do not decode ({problem}); "
                "check the camera's cable, network and power"
            )
