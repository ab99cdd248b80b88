"""A camera whose pictures come from a program, run anew each time the camera is opened."""

from collections.abc import Callable

from attrs import evolve

from surveil_adapters.camera.damage import LOOK_EVERY_S
from surveil_adapters.camera.process import CameraCommand, ProcessCamera
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit, VideoFormat


class ProgramSource:
    """The `VideoSource`.

    `command` builds what is run for a format, and may raise `CameraUnavailable`; it is
    called anew at each `open`.
    """

    def __init__(
        self,
        *,
        name: str,
        simulated: bool,
        format: VideoFormat,
        clock: Clock,
        command: Callable[[VideoFormat], CameraCommand],
        first_picture_within_s: float,
        describe: Callable[[str], str] = str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.name = name
        self.simulated = simulated
        self.format = format
        self._asked_format = format
        self._clock = clock
        self._command = command
        self._first_picture_within_s = first_picture_within_s
        self._describe = describe
        self._look_every_s = look_every_s
        self._camera: ProcessCamera | None = None
        self._dropped_before = 0

    @property
    def dropped_pictures(self) -> int:
        """How many pictures found the queue full, in all runs together."""
        return self._dropped_before + (self._camera.dropped_pictures if self._camera else 0)

    def open(self) -> None:
        """Start the program and wait for its first picture; learn the true picture size.

        Raises `CameraUnavailable` with the program's own words.
        """
        self.close()
        camera = ProcessCamera(
            self._command(self._asked_format),
            video_format=self._asked_format,
            clock=self._clock,
            describe=self._describe,
            look_every_s=self._look_every_s,
        )
        camera.start(self._first_picture_within_s)
        self._camera = camera
        if camera.picture_size is not None:
            width, height = camera.picture_size
            self.format = evolve(self._asked_format, width=width, height=height)

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` once the program has ended."""
        if self._camera is None:
            raise CameraUnavailable(f"{self.name} is not open; open() it before reading")
        return self._camera.read(timeout_s)

    def close(self) -> None:
        """End the program. Closing twice is safe."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
            self._dropped_before += camera.dropped_pictures
