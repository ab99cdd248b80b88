"""What lies in the spool of one clip: a raw stream, its index, and the MP4 made of them."""

import zlib
from array import array
from contextlib import suppress
from itertools import compress, islice
from pathlib import Path

from attrs import define, evolve, field

from surveil_adapters.libav import process
from surveil_adapters.libav.samples import Samples
from surveil_adapters.spool.index import ClipIndex, read_index
from surveil_adapters.spool.wrapping import Run, WrappedClip, wrap
from surveil_core.errors import BadMessage, DataLost, StoreUnavailable
from surveil_core.ports.camera import Clip, VideoFile
from surveil_core.ports.spool import ClipLabel, FilmedEvent, MadeVideo
from surveil_core.video import VideoFormat

INDEX_SUFFIX = ".index"
VIDEO_SUFFIX = ".mp4"
ASIDE = "set_aside"
"""The folder for clips of another release, beside the others."""


@define(kw_only=True)
class DiskSpooledClip:
    """The `SpooledClip` port.

    The MP4 is made again whenever it is asked for: it may be torn, the raw stream and its
    index are checked picture by picture. A clip of another release, whose index cannot be
    read, shows no events; discarding it sets it aside. `run` does the work of FFmpeg's libraries.
    """

    spool_path: Path
    events: tuple[FilmedEvent, ...]
    has_pictures: bool
    cut_short: bool
    is_foreign: bool = False
    run: Run = field(default=process.run, repr=False)

    @classmethod
    def found(cls, spool_path: Path) -> "DiskSpooledClip":
        """Look at what an earlier run left. Raises `StoreUnavailable`."""
        try:
            index = _read_index(spool_path)
        except BadMessage:
            return cls(
                spool_path=spool_path,
                events=(),
                has_pictures=False,
                cut_short=True,
                is_foreign=True,
            )
        return cls(
            spool_path=spool_path,
            events=() if index is None else index.events,
            has_pictures=index is not None and _count_whole(spool_path, index, at_most=1) > 0,
            cut_short=index is None or not index.complete,
        )

    def make_video(self, *, with_preview: bool = True) -> MadeVideo:
        """Wrap the pictures that are whole as a playable MP4 with the times of its source.

        Raises `StoreUnavailable`, or `DataLost` when no picture can be played.
        """
        index = None if self.is_foreign else _read_index(self.spool_path)
        whole = 0 if index is None else _count_whole(self.spool_path, index)
        if index is None or not whole:
            raise DataLost(f"{self.spool_path} holds no whole picture, so there is no video of it")
        samples = index.samples.first(whole)
        made = self._wrap(samples, index.label, with_preview=with_preview)
        return MadeVideo(
            clip=self._describe(index, samples, made),
            preview=made.preview,
            no_preview_reason=made.no_preview_reason,
        )

    def _wrap(self, samples: Samples, label: ClipLabel, *, with_preview: bool) -> WrappedClip:
        try:
            return wrap(
                self.spool_path,
                self._video_path,
                samples,
                label,
                with_preview=with_preview,
                run=self.run,
            )
        except DataLost as error:
            raise DataLost(f"{self.spool_path} cannot be played: {error}") from error
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"cannot make {self._video_path}: {error}; the raw video is {self.spool_path}"
            ) from error

    def _describe(self, index: ClipIndex, samples: Samples, made: WrappedClip) -> Clip:
        until_s = index.until_s
        if until_s is None and not made.written[-1]:
            until_s = samples.times_s[-1] + 1 / index.label.format.fps
        clip = index.label.describe(
            VideoFile(path=self._video_path, size_bytes=made.size_bytes),
            stamps_s=array("d", compress(samples.times_s, made.written)),
            until_s=until_s,
            format=_with_size(index.label.format, made.width, made.height),
            salvaged=not index.complete or len(samples) < len(index.samples),
        )
        return clip if made.is_sound else evolve(clip, missing_s=clip.duration_s)

    def discard(self) -> None:
        """Remove all files, the one that names the events last. Raises `StoreUnavailable`."""
        index_path = self.spool_path.with_suffix(INDEX_SUFFIX)
        try:
            for path in (self._video_path, self.spool_path, index_path):
                if self.is_foreign:
                    _set_aside(path)
                else:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"cannot remove {self.spool_path}: {error}") from error

    @property
    def _video_path(self) -> Path:
        return self.spool_path.with_suffix(VIDEO_SUFFIX)


def _with_size(asked: VideoFormat, width: int, height: int) -> VideoFormat:
    """Take the size of the pictures; what was asked for, where damage made nonsense of it."""
    try:
        return evolve(asked, width=width, height=height)
    except ValueError:
        return asked


def _set_aside(path: Path) -> None:
    folder = path.parent / ASIDE
    folder.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):  # not each clip has each file, and twice is safe
        path.rename(folder / path.name)


def _read_index(spool_path: Path) -> ClipIndex | None:
    try:
        with spool_path.with_suffix(INDEX_SUFFIX).open("rb") as lines:
            return read_index(lines)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(spool_path, error) from error


def _count_whole(spool_path: Path, index: ClipIndex, *, at_most: int | None = None) -> int:
    """Count the pictures before the first that is not what was written."""
    count = 0
    try:
        with spool_path.open("rb") as raw:
            for sample, crc32 in islice(zip(index.samples, index.crc32s, strict=True), at_most):
                if zlib.crc32(raw.read(sample.size_bytes)) != crc32:
                    break
                count += 1
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise _unreadable(spool_path, error) from error
    return count


def _unreadable(spool_path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"cannot read {spool_path}: {error}; give this user the right to, or move it away"
    )
