"""Read a JSON object from bytes that nobody vouches for.

`json.loads` alone is too trusting for a network: on bytes it raises
`UnicodeDecodeError` and `RecursionError` besides its own error, turns a number of
5,000 digits into a plain `ValueError`, and accepts NaN, Infinity and lone
surrogates, none of which can be sent on. Here all of that is one `BadMessage`.
"""

import json
import math
from codecs import BOM_UTF8
from typing import Any, NoReturn

from surveil_core.errors import BadMessage

MAX_MESSAGE_BYTES = 64 * 1024
"""Largest message taken; the spec's own are about 250 bytes."""

MAX_DEPTH = 32
"""Deepest nesting taken; the spec's own messages have 3 levels."""


def read_object(
    payload: bytes, *, max_bytes: int = MAX_MESSAGE_BYTES, max_depth: int = MAX_DEPTH
) -> dict[str, Any]:
    """Parse `payload` as one JSON object (RFC 8259, UTF-8, no byte order mark).

    Raises `BadMessage` saying what is wrong; never anything else, whatever the bytes.
    """
    document = read_unchecked_object(payload, max_bytes=max_bytes)
    check_tree(document, max_depth=max_depth)
    return document


def read_unchecked_object(payload: bytes, *, max_bytes: int) -> dict[str, Any]:
    """Parse `payload` as one JSON object whose values are still to go through `check_tree`.

    For a document of many parts, of which one bad part must not spoil the others. Raises
    `BadMessage` where it is no JSON object.
    """
    if len(payload) > max_bytes:
        raise BadMessage(f"message has {len(payload)} bytes, at most {max_bytes} are taken")
    if payload.startswith(BOM_UTF8):
        raise BadMessage("message begins with a byte order mark (BOM), expected plain UTF-8")
    try:
        document = _DECODER.decode(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadMessage(f"message is not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise BadMessage(f"message nests deeper than {MAX_DEPTH} levels") from error
    except ValueError as error:
        raise BadMessage(f"message is not JSON: {str(error)[:160]}") from error
    if not isinstance(document, dict):
        raise BadMessage(f"message is a JSON {type(document).__name__}, expected an object")
    return document


def check_tree(value: object, *, max_depth: int) -> None:
    """Raise `BadMessage` for a value that nests too deep or cannot be sent on."""
    _check_tree(value, levels_left=max_depth, max_depth=max_depth)


def write_object(document: dict[str, Any]) -> bytes:
    """Write a JSON object as compact UTF-8. Raises `ValueError` for NaN and Infinity."""
    return _ENCODER.encode(document).encode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_tree(value: object, *, levels_left: int, max_depth: int) -> None:
    if levels_left < 1:
        raise BadMessage(f"message nests deeper than {max_depth} levels")
    match value:
        case dict():
            for key, item in value.items():
                _check_text(key)
                _check_tree(item, levels_left=levels_left - 1, max_depth=max_depth)
        case list():
            for item in value:
                _check_tree(item, levels_left=levels_left - 1, max_depth=max_depth)
        case str():
            _check_text(value)
        case float() if not math.isfinite(value):
            raise BadMessage("message has a number beyond the range of a double")


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadMessage("message has a lone surrogate, which is no character") from error
