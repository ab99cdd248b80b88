"""Which names and origins are ours."""

import pytest

from surveil_adapters.web.guard import is_host_allowed, is_origin_allowed

NAMES = frozenset({"backend", "cam.example.org"})


@pytest.mark.parametrize(
    "authority",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST:8080",
        "page.localhost",
        "127.0.0.1:8080",
        "192.168.1.20",
        "[::1]:8080",
        "[fe80::1]",
        "backend:8000",
        "Cam.Example.Org",
        "cam.example.org.",
    ],
)
def test_names_that_are_served(authority: str) -> None:
    """localhost, any address, and configured names, with or without a port."""
    assert is_host_allowed(authority, NAMES)


@pytest.mark.parametrize(
    "authority",
    [
        "",
        ":8080",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "xlocalhost",
        "sub.cam.example.org",
        "localhost@evil.example",
        "evil.example/localhost",
        "[::1",
        "127.1",
    ],
)
def test_names_that_are_refused(authority: str) -> None:
    """All else, above all names that only look like ours."""
    assert not is_host_allowed(authority, NAMES)


@pytest.mark.parametrize(
    ("origin", "authority", "allowed"),
    [
        ("http://localhost:8080", "localhost:8080", True),
        ("http://LOCALHOST:8080", "localhost:8080", True),
        ("https://cam.example.org", "backend:8000", True),
        ("http://localhost:3000", "localhost:8080", False),
        ("http://192.168.1.9", "192.168.1.20", False),
        ("https://evil.example", "localhost:8080", False),
        ("https://evil.example/localhost:8080", "localhost:8080", False),
        ("null", "localhost:8080", False),
        ("", "localhost:8080", False),
        ("http://[", "localhost:8080", False),
    ],
)
def test_origins(origin: str, authority: str, allowed: bool) -> None:
    """Only our own page may send: the same host and port, or a configured name."""
    assert is_origin_allowed(origin, authority, NAMES) is allowed
