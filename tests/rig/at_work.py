"""Recorders at work on threads of their own, as in the service, and events meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from attrs import define, field

from surveil_core.events import SensorKind
from surveil_core.notices import StoreFailed
from tests.rig.camera import children
from tests.rig.recorder import Recorder
from tests.rig.recorders import Site

EVENT_EVERY_S = 0.25


@define
class Filming:
    """A recorder at work on a thread of its own."""

    recorder: Recorder
    stop: threading.Event = field(factory=threading.Event)
    thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.thread = threading.Thread(target=self._film)
        self.thread.start()

    @property
    def pictures(self) -> int:
        """How many the camera has given."""
        return self.recorder.filming.figures.camera.pictures

    @property
    def starts(self) -> int:
        """How often the camera was opened."""
        return self.recorder.filming.figures.camera.starts

    @property
    def has_stored_a_clip(self) -> bool:
        """Whether its first clip is stored."""
        return self.recorder.filming.figures.stored_clips > 0

    def program(self) -> int:
        """Name the camera's process."""
        assert self.thread.native_id is not None
        [pid] = children(self.thread.native_id)
        return pid

    def _film(self) -> None:
        while not self.stop.is_set():
            self.recorder.step()
        self.recorder.filming.close()


@contextmanager
def filming(site: Site) -> Iterator[list[Filming]]:
    """Film with every camera until the end."""
    at_work = [Filming(recorder) for recorder in site.recorders]
    try:
        yield at_work
    finally:
        for one in at_work:
            one.stop.set()
        for one in at_work:
            one.thread.join()


@define
class Events:
    """Events that happen while cameras are in trouble, and how long the slowest took to be stored.

    Each call returns when what happened is stored.
    """

    site: Site
    happened: int = field(default=0, init=False)
    slowest_s: float = field(default=0.0, init=False)
    _next_at_s: float = field(default=0.0, init=False)

    def move(self) -> None:
        """Let a motion happen before each camera."""
        for _ in self.site.recorders:
            self._publish(SensorKind.MOTION)
        self._store()

    def keep_moving(self) -> bool:
        """Let a motion happen before each camera, unless one did just now; says if one did."""
        is_due = self._is_due()
        if is_due:
            self.move()
        return is_due

    def press(self) -> None:
        """Let a button be pressed, which nobody films, unless one was just now."""
        if self._is_due():
            self._publish(SensorKind.BUTTON)
            self._store()

    def assert_all_are_stored(self) -> None:
        """And none was refused at first."""
        assert self.stored == self.happened
        assert self.site.announcer.of(StoreFailed) == []

    @property
    def stored(self) -> int:
        """How many are in the database."""
        with closing(self.site.db.connect()) as connection:
            [count] = connection.execute("SELECT count(*) FROM evenement").fetchone()
        return int(count)

    def _is_due(self) -> bool:
        now_s = self.site.clock.monotonic_s()
        is_due = now_s >= self._next_at_s
        if is_due:
            self._next_at_s = now_s + EVENT_EVERY_S
        return is_due

    def _publish(self, kind: SensorKind) -> None:
        self.happened += 1
        self.site.publish(self.happened, kind)

    def _store(self) -> None:
        began_s = self.site.clock.monotonic_s()
        with self.site.surveillance() as surveillance:
            surveillance.step(0)
        self.slowest_s = max(self.slowest_s, self.site.clock.monotonic_s() - began_s)
