"""What the pictures of a raw stream are, in columns: an hour of them is less than a megabyte."""

import base64
from array import array
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """One picture: where it lies in the stream, and when it was taken, on any clock."""

    offset_bytes: int
    size_bytes: int
    is_keyframe: bool
    at_s: float


class Samples:
    """Pictures in the order of the stream, without gaps between them."""

    def __init__(self) -> None:
        self.times_s = array("d")
        self._sizes_bytes = array("I")
        self._are_keyframes = array("B")

    def append(self, *, size_bytes: int, is_keyframe: bool, at_s: float) -> None:
        """Add the next one. Raises `TypeError` or `OverflowError` for what no picture has."""
        self._sizes_bytes.append(size_bytes)
        self._are_keyframes.append(bool(is_keyframe))
        self.times_s.append(at_s)

    def __len__(self) -> int:
        return len(self.times_s)

    def __iter__(self) -> Iterator[Sample]:
        offset_bytes = 0
        columns = zip(self._sizes_bytes, self._are_keyframes, self.times_s, strict=True)
        for size_bytes, is_keyframe, at_s in columns:
            yield Sample(offset_bytes, size_bytes, bool(is_keyframe), at_s)
            offset_bytes += size_bytes

    def first(self, count: int) -> "Samples":
        """Copy the first ones."""
        copy = Samples()
        copy.times_s = self.times_s[:count]
        copy._sizes_bytes = self._sizes_bytes[:count]
        copy._are_keyframes = self._are_keyframes[:count]
        return copy

    def to_json(self) -> Mapping[str, str]:
        """Write them for a process of the same machine."""
        return {name: base64.b64encode(column).decode() for name, column in self._columns().items()}

    @classmethod
    def from_json(cls, columns: Mapping[str, str]) -> "Samples":
        """Read what `to_json` wrote."""
        samples = cls()
        for name, column in samples._columns().items():
            column.frombytes(base64.b64decode(columns[name]))
        return samples

    def _columns(self) -> Mapping[str, "array[Any]"]:
        return {
            "sizes_bytes": self._sizes_bytes,
            "are_keyframes": self._are_keyframes,
            "times_s": self.times_s,
        }
