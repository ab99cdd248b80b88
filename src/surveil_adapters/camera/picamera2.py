"""A Raspberry Pi's camera through picamera2, without a program in between.

picamera2 comes with Raspberry Pi OS (`apt install python3-picamera2`) and is imported
only when the camera opens. Its `H264Encoder` is the hardware encoder where it reports
one (Pi 4, Zero 2), and libx264 elsewhere (Pi 5).
"""

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from attrs import evolve

from surveil_adapters.camera.access_units import AccessUnitMaker
from surveil_adapters.camera.coded_picture import CodedPicture
from surveil_adapters.camera.damage import DamageWatch
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit, VideoFormat

_FIRST_PICTURE_WITHIN_S = 6.0
_POLL_S = 0.1
_NAME = "picamera2"
_HARDWARE_ENCODER = Path("/dev/video11")
"""What picamera2's hardware encoder opens."""


class FrameSink:
    """Takes encoded frames on picamera2's thread and queues them as access units."""

    def __init__(self, queue: UnitQueue, clock: Clock, units: AccessUnitMaker) -> None:
        self._queue = queue
        self._clock = clock
        self._units = units

    def take(self, frame: bytes, timestamp_us: int | None) -> None:
        """Queue one frame; picamera2's stamps count from its first. Never raises."""
        picture = CodedPicture(
            annex_b=bytes(frame),
            stamp_s=None if timestamp_us is None else timestamp_us / 1_000_000,
            arrived_at_s=self._clock.monotonic_s(),
        )
        try:
            unit = self._units.unit(picture)
        except CameraUnavailable as error:
            self._queue.end(str(error))
            return
        if unit is not None:
            self._queue.put(unit)


class Picamera2Source:
    """The first camera that libcamera knows. A `VideoSource`.

    Once open, `name` says which encoder was chosen: `picamera2 (hardware H.264)` or
    `picamera2 (software H.264)`.
    """

    def __init__(self, format: VideoFormat, clock: Clock) -> None:
        self.name = _NAME
        self.simulated = False
        self.format = format
        self._asked_format = format
        self._clock = clock
        self._camera: Any = None
        self._encoder: Any = None
        self._queue: UnitQueue | None = None
        self._units: AccessUnitMaker | None = None
        self._dropped_before = 0

    @property
    def dropped_pictures(self) -> int:
        """How many pictures found the queue full, in all runs together."""
        return self._dropped_before + (self._queue.dropped_pictures if self._queue else 0)

    def open(self) -> None:
        """Start the camera and wait for its first picture; learn the true picture size.

        Raises `CameraUnavailable`.
        """
        self.close()
        try:
            self._camera = _first_camera()
            self._configure()
            self._queue = self._start()
            self._await_first_picture(self._queue)
        except Exception as error:  # picamera2 lets through whatever libcamera raises
            with suppress(Exception):  # a broken camera may not close; what broke it is told
                self.close()
            if isinstance(error, CameraUnavailable):
                raise
            raise CameraUnavailable(f"{type(error).__name__}: {error!s:.200}") from error

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` when not open."""
        if self._queue is None:
            raise CameraUnavailable("picamera2 is not open; open() it before reading")
        return self._queue.get(timeout_s)

    def close(self) -> None:
        """Stop encoding and give the camera back. Closing twice is safe."""
        camera, self._camera = self._camera, None
        encoder, self._encoder = self._encoder, None
        self._dropped_before, self._queue = self.dropped_pictures, None
        self.name = _NAME
        units, self._units = self._units, None
        if camera is None:
            return
        try:
            _stop(camera, encoder)
        finally:
            if units is not None:
                units.close()
            camera.close()

    def _configure(self) -> None:
        asked = self._asked_format
        has_rate = "FrameDurationLimits" in self._camera.camera_controls
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (asked.width, asked.height), "format": "YUV420"},
                controls={"FrameRate": asked.fps} if has_rate else {},
            )
        )
        width, height = self._camera.camera_configuration()["main"]["size"]
        self.format = evolve(asked, width=width, height=height)

    def _start(self) -> UnitQueue:
        queue = UnitQueue.for_format(self.format)
        from picamera2 import encoders

        kind, self._encoder = choose_encoder(encoders, self.format.fps)
        _name_a_rate(self._camera, self.format.fps)
        self._units = AccessUnitMaker(DamageWatch())
        sink = FrameSink(queue, self._clock, self._units)
        self._camera.start_recording(self._encoder, _output_to(sink))
        self.name = f"{_NAME} ({kind} H.264)"
        return queue

    def _await_first_picture(self, queue: UnitQueue) -> None:
        deadline_s = self._clock.monotonic_s() + _FIRST_PICTURE_WITHIN_S
        while not queue.wait(_POLL_S):
            if self._clock.monotonic_s() >= deadline_s:
                raise CameraUnavailable(f"no picture within {_FIRST_PICTURE_WITHIN_S:g} s")
            if self._clock.wait_s(0):
                raise CameraUnavailable("asked to stop before the first picture")


def _first_camera() -> Any:
    """Take libcamera's first camera. Raises `CameraUnavailable` where there is none.

    Without one, picamera2's constructor would leave a pipe open at each try.
    """
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise CameraUnavailable(str(error)) from error
    if not Picamera2.global_camera_info():
        raise CameraUnavailable("libcamera knows no camera; check its cable")
    return Picamera2()


def choose_encoder(
    encoders: Any, keyframe_every: int, *, device: Path = _HARDWARE_ENCODER
) -> tuple[str, Any]:
    """Make the encoder that picamera2 reports; return its kind with it.

    `encoders` is `picamera2.encoders`, whose `H264Encoder` is libx264 on a Pi 5. It takes every
    other computer for one with the hardware encoder, so the `device` must be there as well.
    """
    is_libx264 = issubclass(encoders.H264Encoder, encoders.LibavH264Encoder)
    if is_libx264 or not device.exists():
        return "software", encoders.LibavH264Encoder(repeat=True, iperiod=keyframe_every)
    return "hardware", encoders.H264Encoder(repeat=True, iperiod=keyframe_every)


def _name_a_rate(camera: Any, fps: int) -> None:
    """Give picamera2 the rate that it looks up in every camera; not all have one to set.

    Those film at their own rate.
    """
    frame_us = 1_000_000 // fps
    limits = SimpleNamespace(min=frame_us, max=frame_us, default=frame_us)
    camera.camera_ctrl_info.setdefault("FrameDurationLimits", (None, limits))


def _stop(camera: Any, encoder: Any) -> None:
    """Stop picamera2's threads, also those that a failure has left behind.

    Its event loop comes first: once that has died, say of an encoder's error,
    `stop_recording` would wait for it for ever.
    """
    if camera.started:
        camera.stop_preview()
    if encoder in camera.encoders:
        camera.stop_recording()
    elif encoder is not None and encoder.running:
        with suppress(Exception):  # only half there, and what broke its start is told
            encoder.stop()


def _output_to(sink: FrameSink) -> Any:
    """Build picamera2's `Output`; later versions pass more arguments, which we leave."""
    from picamera2.outputs import Output

    class SinkOutput(Output):  # type: ignore[misc]
        """Hands each frame on."""

        def outputframe(
            self,
            frame: bytes,
            keyframe: bool = True,
            timestamp: int | None = None,
            *_: object,
            **__: object,
        ) -> None:
            sink.take(frame, timestamp)

    return SinkOutput()
