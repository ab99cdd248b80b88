"""Where to post and with which headers, decided once: a POST then copies the headers."""

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import requests
from attrs import field, frozen
from requests.utils import default_user_agent

from surveil_core.errors import ConfigurationError


@frozen(kw_only=True)
class Route:
    """Requests without a body, ready to be copied, and how to reach their host.

    `shown_url` is for people: a user and password in the URL are not shown.
    """

    shown_url: str
    single: requests.PreparedRequest = field(repr=False)
    bulk: requests.PreparedRequest = field(repr=False)
    proxies: Mapping[str, str] = field(repr=False)
    verify: bool | str


def route_to(url: str, token: str | None) -> Route:
    """Prepare what is posted to `url`, through the environment's proxies as they are now.

    Left to itself, requests would look them up for each POST, and would replace our bearer
    token by what a `.netrc` has for the host. Raises `ConfigurationError` when the URL or
    the token is no good, or when there is a token and the URL has a user as well.
    """
    single = _prepare(url, token)
    with requests.Session() as session:
        found = session.merge_environment_settings(url, {}, None, None, None)
    return Route(
        shown_url=_shown(url),
        single=single,
        bulk=_prepare(bulk_url(url), token),
        proxies=found["proxies"],
        verify=True if found["verify"] is None else found["verify"],
    )


def bulk_url(url: str) -> str:
    """Name the bulk route beside `url`: its path and `/bulk`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/bulk"))


def without_credentials(text: str) -> str:
    """Leave out `user:password@` of the URLs in a text."""
    return re.sub(r"//[^/?#\s]*@", "//", text)


def _prepare(url: str, token: str | None) -> requests.PreparedRequest:
    headers = {
        "User-Agent": default_user_agent(),
        "Accept-Encoding": "identity",
        "Connection": "keep-alive",
        "Content-Type": "application/json",
    }
    if token:
        headers["Authorization"] = f"Bearer {_checked_token(token)}"
    try:
        if urlsplit(url).scheme.lower() not in ("http", "https"):
            raise requests.exceptions.InvalidSchema(url)
        prepared = requests.Request("POST", url, headers=headers).prepare()
    except (requests.RequestException, ValueError) as error:
        raise ConfigurationError(
            f"{_mistyped(url)}: cannot be posted to ({type(error).__name__}), "
            "expected http://host/path or https://host/path; mend the backend's URL"
        ) from error
    if token and "@" in urlsplit(url).netloc:
        raise ConfigurationError(
            f"{_shown(url)}: the backend's URL has a user, and there is a token too, but a request "
            "has one of them; take the user out of the URL, or the token away"
        )
    prepared.headers = cast(Any, dict(prepared.headers))  # a plain one is copied faster
    return prepared


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _mistyped(url: str) -> str:
    """Show what is no URL, without all that may be a password in it."""
    return re.sub(r"^\s*(https?:/*)?.*@", r"\1", url, flags=re.DOTALL | re.IGNORECASE)


def _checked_token(token: str) -> str:
    if not re.fullmatch(r"[!-~]+", token):
        raise ConfigurationError(
            "the backend's token has a character that no header takes, expected visible ASCII "
            "alone; write the token file again, without spaces"
        )
    return token
