"""A picture as a camera's program or library hands it over."""

from typing import Protocol

from attrs import field, frozen

MAX_PICTURE_BYTES = 8 * 1024 * 1024
"""More than this without a picture's end is no H.264."""


@frozen(kw_only=True)
class CodedPicture:
    """One whole access unit as Annex B bytes, or parameter sets that come alone.

    `stamp_s` counts seconds on the source's own clock, from wherever; None where it gave
    none. `arrived_at_s` is monotonic: when its bytes came. `stamp_is_monotonic` says that the
    source's clock is the kernel's monotonic one, which is ours.
    """

    annex_b: bytes = field(repr=False)
    stamp_s: float | None
    arrived_at_s: float
    stamp_is_monotonic: bool = False


class Demuxer(Protocol):
    """Cuts what a program writes into pictures. Used by one thread."""

    def feed(self, chunk: bytes, *, arrived_at_s: float) -> list[CodedPicture]:
        """Take what arrived at monotonic `arrived_at_s`; return the pictures it completes.

        Raises `CameraUnavailable` when the bytes are not what they should be.
        """
