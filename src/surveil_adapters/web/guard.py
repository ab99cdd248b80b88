"""What every request passes before anything else sees it, and every answer on its way out.

Without log-in the browser's rules are the fence, so we make use of all of them:

Host      A page elsewhere can point its own name at our address (DNS rebinding) and would
          then count as same origin. It cannot choose an address or `localhost` as its name,
          so those are served, other names only when configured.
Origin    A page elsewhere can send a POST here without asking. Browsers then name the
          page's origin, which must be ours; programs name none. Where a browser names
          none either, `Sec-Fetch-Site` says whose page it is. Engine.IO itself checks the
          origin of its WebSockets.
Headers   The page loads nothing from outside and can be framed by nobody.
"""

import ipaddress
import re
from collections.abc import Collection, MutableMapping
from http import HTTPStatus
from typing import Any

from attrs import frozen
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_AUTHORITY = re.compile(r"(\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:[0-9]{0,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


def host_name(authority: str) -> str:
    """Take the name out of a `Host` header: lower case, without port and brackets.

    Text that is no authority gives the empty name, which nobody allows.
    """
    match = _AUTHORITY.fullmatch(authority.lower())
    return (match["address"] or match["name"].rstrip(".")) if match else ""


def is_host_allowed(authority: str, allowed_names: Collection[str]) -> bool:
    """Tell whether a `Host` header names us: localhost, an address, or a configured name."""
    name = host_name(authority)
    return (
        name == "localhost"
        or name.endswith(".localhost")
        or _is_address(name)
        or name in allowed_names
    )


def is_origin_allowed(origin: str, authority: str, allowed_names: Collection[str]) -> bool:
    """Tell whether an `Origin` header is our own page: the same host, or a configured name.

    A configured name counts since a proxy in front may have changed `Host`.
    """
    scheme, separator, own_authority = origin.partition("://")
    if not separator or scheme not in ("http", "https"):
        return False
    return own_authority.lower() == authority.lower() or host_name(own_authority) in allowed_names


@frozen
class Guard:
    """Wraps an ASGI application; `allowed_names` are in lower case."""

    app: ASGIApp
    allowed_names: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what is not ours, else pass it on and add our headers."""
        kind: str = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        reason = self._maybe_refusal(scope)
        if reason is None:
            await self.app(scope, receive, _adding_headers(send))
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        else:
            await _refuse(reason, _adding_headers(send))

    def _maybe_refusal(self, scope: Scope) -> str | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authority = headers.get(b"host", "")
        if not is_host_allowed(authority, self.allowed_names):
            return (
                f"The name {host_name(authority)[:80]!r} is not served. Use localhost or the "
                "address, or add the name to web.allowed_hosts in the configuration."
            )
        if scope.get("method", "GET") in _SAFE_METHODS:
            return None
        origin = headers.get(b"origin")
        if origin is None:
            is_foreign = headers.get(b"sec-fetch-site", "none") in _FOREIGN_SITES
            return "Pages of other sites may not send anything here." if is_foreign else None
        if not is_origin_allowed(origin, authority, self.allowed_names):
            return f"Pages of {origin[:80]!r} may not send anything here."
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _adding_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = [header for header in _SECURITY_HEADERS if header[0] not in own]
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return send_with_headers


async def _refuse(reason: str, send: Send) -> None:
    body = reason.encode()
    start: MutableMapping[str, Any] = {
        "type": "http.response.start",
        "status": HTTPStatus.FORBIDDEN,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    await send(start)  # type: ignore[arg-type]
    await send({"type": "http.response.body", "body": body, "more_body": False})
