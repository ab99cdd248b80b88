"""The `Backend` port: one session, bounded time, bounded answers.

A redirect is an answer like any other: following one would turn the POST into a GET
(RFC 9110, 15.4.3) whose 200 looked like a delivery.
"""

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import HTTPError

from surveil_core.delivery import BackendReply
from surveil_core.errors import BackendUnreachable, ConfigurationError

CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 5.0
"""Longest silence; with the connection's, less than what a stopping service is given."""

MAX_ANSWER_BYTES = 2048
MAX_ANSWER_S = 1.0
"""An answer's text is a courtesy: one that drips is cut after this."""


class HttpBackend:
    """Posts to `url`. `token`, if any, goes out as a bearer token and nowhere else.

    The attribute `url` is for people: a user and password in it are not shown.
    """

    def __init__(self, *, url: str, token: str | None = None) -> None:
        self.url = without_credentials(url)
        self._target = url
        self._session = _session_for(url)
        self._session.headers["Content-Type"] = "application/json"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, body: bytes, idempotency_key: str) -> BackendReply:
        """POST one body. Raises `ConfigurationError` when the URL itself is no good."""
        try:
            with self._session.post(
                self._target,
                data=body,
                headers={"Idempotency-Key": idempotency_key.encode()},
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                text = _text_of(response)
        except (InvalidURL, InvalidSchema, MissingSchema, InvalidHeader) as error:
            raise ConfigurationError(
                f"{self.url}: cannot be posted to ({type(error).__name__}), "
                "expected http://host/path or https://host/path; mend the backend's URL"
            ) from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise BackendUnreachable(f"{self.url}: {_reason(error)}") from error
        return BackendReply(
            status=response.status_code,
            retry_after_s=parse_retry_after(
                response.headers.get("Retry-After"), now_utc=datetime.now(UTC)
            ),
            text=text,
        )

    def close(self) -> None:
        """Drop the session's connections."""
        self._session.close()


def _session_for(url: str) -> requests.Session:
    """Make a session that heeds the environment's proxies and certificates as they are now.

    Left to itself, requests would look them up for each POST, and would replace our bearer
    token by what a `.netrc` has for the host.
    """
    session = requests.Session()
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False
    return session


def without_credentials(url: str) -> str:
    """Leave out `user:password@`."""
    return re.sub(r"//[^/?#]*@", "//", url, count=1)


def _text_of(response: requests.Response) -> str:
    """Read the beginning of a body. The status counts: a broken body is as good as none."""
    deadline_s = time.monotonic() + MAX_ANSWER_S
    body = b""
    try:
        while len(body) < MAX_ANSWER_BYTES and time.monotonic() < deadline_s:
            part = response.raw.read1(MAX_ANSWER_BYTES - len(body), decode_content=True)
            if not part:
                break
            body += part
    except (HTTPError, OSError):
        return ""
    return body.decode("utf-8", "replace").strip()


def parse_retry_after(value: str | None, *, now_utc: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds or a date. None if absent or odd."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now_utc).total_seconds())


def _reason(error: BaseException) -> str:
    """Say the innermost cause: 'Connection refused' is what helps."""
    seen = error
    while (cause := _cause(seen)) is not None:
        seen = cause
    return getattr(seen, "strerror", None) or str(seen) or type(seen).__name__


def _cause(error: BaseException) -> BaseException | None:
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(inner, BaseException):
        return inner
    return error.__cause__ or error.__context__
