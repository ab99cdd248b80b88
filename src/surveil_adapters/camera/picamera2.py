"""A Raspberry Pi's camera through picamera2, without a program in between.

picamera2 comes with Raspberry Pi OS (`apt install python3-picamera2`) and is imported
only when the camera opens. Its `H264Encoder` is the hardware encoder where the board
has one and libx264 elsewhere (Pi 5).
"""

from typing import Any

from surveil_adapters.camera.annexb import AccessUnitSplitter
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit, VideoFormat

_FIRST_PICTURE_WITHIN_S = 6.0
_POLL_S = 0.1


class FrameSink:
    """Takes encoded frames on picamera2's thread and queues them as access units.

    picamera2's stamps count from its first frame, so they are tied to our clock when
    that one arrives.
    """

    def __init__(self, queue: UnitQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._splitter = AccessUnitSplitter()
        self._zero_at_s: float | None = None

    def take(self, frame: bytes, timestamp_us: int | None) -> None:
        """Queue one frame; without a stamp, its arrival is its time."""
        unit = self._splitter.unit(bytes(frame), at_s=self._at_s(timestamp_us))
        if unit is not None:
            self._queue.put(unit)

    def _at_s(self, timestamp_us: int | None) -> float:
        if timestamp_us is None:
            return self._clock.monotonic_s()
        stamp_s = timestamp_us / 1_000_000
        if self._zero_at_s is None:
            self._zero_at_s = self._clock.monotonic_s() - stamp_s
        return self._zero_at_s + stamp_s


class Picamera2Source:
    """The first camera that libcamera knows. A `VideoSource`."""

    def __init__(self, format: VideoFormat, clock: Clock) -> None:
        self.name = "picamera2"
        self.simulated = False
        self.format = format
        self._clock = clock
        self._camera: Any = None
        self._recording = False
        self._queue: UnitQueue | None = None

    def open(self) -> None:
        """Start the camera and wait for its first picture. Raises `CameraUnavailable`."""
        self.close()
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraUnavailable(str(error)) from error
        try:
            self._camera = Picamera2()
            self._queue = self._start()
            self._await_first_picture(self._queue)
        except CameraUnavailable:
            self.close()
            raise
        except Exception as error:  # picamera2 lets through whatever libcamera raises
            self.close()
            raise CameraUnavailable(f"{type(error).__name__}: {error!s:.200}") from error

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` when not open."""
        if self._queue is None:
            raise CameraUnavailable("picamera2 is not open; open() it before reading")
        return self._queue.get(timeout_s)

    def close(self) -> None:
        """Stop encoding and give the camera back. Closing twice is safe."""
        camera, self._camera = self._camera, None
        recording, self._recording = self._recording, False
        self._queue = None
        if camera is None:
            return
        try:
            if recording:
                camera.stop_recording()
        finally:
            camera.close()

    def _start(self) -> UnitQueue:
        from picamera2.encoders import H264Encoder

        queue = UnitQueue.for_format(self.format)
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (self.format.width, self.format.height), "format": "YUV420"},
                controls={"FrameRate": self.format.fps},
            )
        )
        encoder = H264Encoder(repeat=True, iperiod=self.format.fps)
        self._camera.start_recording(encoder, _output_to(FrameSink(queue, self._clock)))
        self._recording = True
        return queue

    def _await_first_picture(self, queue: UnitQueue) -> None:
        deadline_s = self._clock.monotonic_s() + _FIRST_PICTURE_WITHIN_S
        while not queue.wait(_POLL_S):
            if self._clock.monotonic_s() >= deadline_s:
                raise CameraUnavailable(f"no picture within {_FIRST_PICTURE_WITHIN_S:g} s")
            if self._clock.wait_s(0):
                raise CameraUnavailable("asked to stop before the first picture")


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
