"""Single-range requests (RFC 9110, section 14), as a decision without I/O.

What we do not serve (other units, several ranges, malformed text) is ignored and the
whole is sent, as section 14.2 allows; only a range that lies behind the end is refused.
"""

import re

from attrs import frozen

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


class RangeNotSatisfiable(ValueError):
    """The range selects nothing of the representation: answer 416."""


@frozen(kw_only=True)
class ByteRange:
    """`length_bytes` bytes from `offset`, of `total_bytes` in all."""

    offset: int
    length_bytes: int
    total_bytes: int

    @property
    def content_range(self) -> str:
        """The `Content-Range` of a 206 answer: `bytes 0-499/1234`."""
        return f"bytes {self.offset}-{self.offset + self.length_bytes - 1}/{self.total_bytes}"


def maybe_byte_range(header: str | None, *, total_bytes: int) -> ByteRange | None:
    """Read a `Range` header. None means: send the whole.

    Raises `RangeNotSatisfiable`.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(int(last), total_bytes)
    if last and int(last) < int(first):
        return None
    return _from_to(int(first), int(last) if last else total_bytes - 1, total_bytes)


def _suffix(wanted_bytes: int, total_bytes: int) -> ByteRange:
    length_bytes = min(wanted_bytes, total_bytes)
    if length_bytes == 0:
        raise RangeNotSatisfiable(f"the last {wanted_bytes} of {total_bytes} bytes are none")
    return ByteRange(
        offset=total_bytes - length_bytes, length_bytes=length_bytes, total_bytes=total_bytes
    )


def _from_to(first: int, last: int, total_bytes: int) -> ByteRange:
    if first >= total_bytes:
        raise RangeNotSatisfiable(f"byte {first} lies behind the end of {total_bytes} bytes")
    length_bytes = min(last, total_bytes - 1) - first + 1
    return ByteRange(offset=first, length_bytes=length_bytes, total_bytes=total_bytes)
