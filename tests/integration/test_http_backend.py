"""The bridge's HTTP client against a real server."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from surveil_adapters.http import HttpBackend
from surveil_core.errors import BackendUnreachable
from tests.rig.backends import MockBackend
from tests.rig.brokers import free_port

BODY = b'{"type":"motion_detected","device_id":"raspberry-1"}'


@pytest.fixture
def backend(mock_backend: MockBackend) -> Iterator[HttpBackend]:
    with closing(HttpBackend(url=mock_backend.events_url, token="s3cret")) as backend:
        yield backend


def test_an_event_arrives_whole(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Body, idempotency key and token arrive; the status comes back."""
    reply = backend.send(BODY, "raspberry-1/evt-é")
    assert reply.status == 201
    (request,) = mock_backend.requests()
    assert request["body"] == {"type": "motion_detected", "device_id": "raspberry-1"}
    assert request["idempotency_key"].encode("latin-1").decode() == "raspberry-1/evt-é"
    assert request["authorization"] == "Bearer s3cret"


def test_a_refusal_is_an_answer_with_its_wishes(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """A 503 comes back with its Retry-After, not as an exception."""
    mock_backend.behave(status=503, retry_after_s=7)
    reply = backend.send(BODY, "k")
    assert (reply.status, reply.retry_after_s) == (503, 7)


def test_a_redirect_is_not_followed(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Following it would turn the POST into a GET whose 200 looked like a delivery."""
    mock_backend.behave(status=302)
    assert backend.send(BODY, "k").status == 302
    assert len(mock_backend.requests()) == 1


def test_nobody_there_is_unreachable_with_the_reason() -> None:
    """The reason is the operating system's, in few words."""
    url = f"http://127.0.0.1:{free_port()}/api/events"
    with closing(HttpBackend(url=url)) as backend, pytest.raises(BackendUnreachable) as caught:
        backend.send(BODY, "k")
    assert str(caught.value) == f"{url}: Connection refused"
    assert caught.value.__cause__ is not None


def test_an_unknown_host_is_unreachable() -> None:
    """A name that does not resolve is said as such."""
    with (
        closing(HttpBackend(url="http://no-such-host.invalid/api/events")) as backend,
        pytest.raises(BackendUnreachable, match="no-such-host"),
    ):
        backend.send(BODY, "k")


def test_no_token_shows_in_errors() -> None:
    """The secret stands in no error text and no repr."""
    backend = HttpBackend(url=f"http://127.0.0.1:{free_port()}/", token="s3cret")
    with closing(backend), pytest.raises(BackendUnreachable) as caught:
        backend.send(BODY, "k")
    assert "s3cret" not in f"{caught.value!r} {backend!r}"
