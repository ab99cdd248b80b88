"""What the backend says, read within bounds of bytes and time."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
import urllib3.exceptions
from urllib3.response import BaseHTTPResponse

from surveil_adapters.http.route import without_credentials
from surveil_core.delivery import BackendReply

BULK_LIMIT_HEADER = "Surveil-Bulk-Limit"
"""How many events a backend takes in one request to its bulk route."""

MAX_TEXT_BYTES = 2048
MAX_TEXT_S = 1.0
"""An answer's text is a courtesy: one that drips is cut after this."""

NO_ANSWER = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What is raised where no answer came, or only a part of one."""

_SILENCES = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
_CUTS = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError)


def reply_of(response: BaseHTTPResponse, text: str) -> BackendReply:
    """Put an answer into the core's words."""
    told = response.headers.get("Retry-After")
    retry_after_s = (
        None if told is None else parse_retry_after(told, now_utc=_sent_at_utc(response))
    )
    return BackendReply(status=response.status, retry_after_s=retry_after_s, text=text)


def read_body(
    response: BaseHTTPResponse,
    *,
    max_bytes: int,
    within_s: float,
    set_timeout: Callable[[float], None],
) -> Iterator[bytes]:
    """Read the parts of a body, or of its beginning where it is longer.

    `set_timeout` is told how long the next part may take. Raises one of `NO_ANSWER`,
    `TimeoutError` where the body takes longer than `within_s`.
    """
    deadline_s = time.monotonic() + within_s
    left_bytes = max_bytes
    while left_bytes > 0:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"the answer's body takes longer than {within_s:g} s")
        set_timeout(left_s)
        part = response.read1(left_bytes, decode_content=True)
        if not part:
            return
        left_bytes -= len(part)
        yield part


def read_text(response: BaseHTTPResponse, *, set_timeout: Callable[[float], None]) -> str:
    """Read the beginning of a body. The status counts: of a broken body, what there is."""
    body = b""
    parts = read_body(
        response, max_bytes=MAX_TEXT_BYTES, within_s=MAX_TEXT_S, set_timeout=set_timeout
    )
    with suppress(*NO_ANSWER):
        for part in parts:
            body += part
    return body.decode("utf-8", "replace").strip()


def parse_bulk_limit(value: str | None) -> int | None:
    """Read `Surveil-Bulk-Limit`: how many events. None if absent or odd."""
    if value is None or not value.isascii() or not value.isdecimal() or len(value) > 9:
        return None
    return int(value)


def parse_retry_after(value: str, *, now_utc: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds or a date. None if odd."""
    if value.strip().isdecimal():
        return float(value)
    moment = _parse_date(value)
    return None if moment is None else max(0.0, (moment - now_utc).total_seconds())


def reason_of(error: BaseException) -> str:
    """Say the innermost cause: 'Connection refused' is what helps."""
    root = _root_of(error)
    return without_credentials(getattr(root, "strerror", None) or str(root) or type(root).__name__)


def is_silence(error: BaseException) -> bool:
    """Tell whether the backend had the request and did not answer in time."""
    return isinstance(error, _SILENCES)


def is_cut(error: BaseException) -> bool:
    """Tell whether the other side ended the connection."""
    return isinstance(_root_of(error), _CUTS)


def _sent_at_utc(response: BaseHTTPResponse) -> datetime:
    """Say when the backend answered, by its own clock if it has told: ours may be wrong."""
    told = response.headers.get("Date")
    return (None if told is None else _parse_date(told)) or datetime.now(UTC)


def _parse_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _root_of(error: BaseException) -> BaseException:
    seen = error
    while not isinstance(seen, TimeoutError) and (cause := _cause(seen)) is not None:
        seen = cause
    return seen


def _cause(error: BaseException) -> BaseException | None:
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(inner, BaseException):
        return inner
    return error.__cause__ or error.__context__
