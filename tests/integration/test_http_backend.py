"""The bridge's HTTP client against a real server."""

import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest
from attrs import evolve

from surveil_adapters.http import HttpBackend
from surveil_core.errors import BackendUnreachable, ConfigurationError
from surveil_core.messages import idempotency_key
from tests.examples import MOTION_EVENT
from tests.imports import import_path
from tests.rig.backends import MockBackend
from tests.rig.brokers import free_port

BODY = b'{"type":"motion_detected","device_id":"raspberry-1"}'


@pytest.fixture
def backend(mock_backend: MockBackend) -> Iterator[HttpBackend]:
    with closing(HttpBackend(url=mock_backend.events_url, token="s3cret")) as backend:
        yield backend


def test_an_event_arrives_whole(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Body, idempotency key and token arrive; the status comes back."""
    reply = backend.send(BODY, "raspberry-1/evt-1")
    assert reply.status == 201
    (request,) = mock_backend.requests()
    assert request["body"] == {"type": "motion_detected", "device_id": "raspberry-1"}
    assert request["idempotency_key"] == "raspberry-1/evt-1"
    assert request["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("identifier", [" r1 ", "caméra 🚨", "a/b"])
def test_any_legal_id_goes_into_the_header(
    backend: HttpBackend, mock_backend: MockBackend, identifier: str
) -> None:
    """What the parser takes, the header takes: the key arrives and names the same event."""
    event = evolve(MOTION_EVENT, device_id=f" {identifier}", event_id=f"{identifier} ")
    assert backend.send(BODY, idempotency_key(event)).status == 201
    (request,) = mock_backend.requests()
    parts = request["idempotency_key"].split("/")
    assert [unquote(part) for part in parts] == [event.device_id, event.event_id]


@pytest.mark.parametrize("body", ["short", "no chunks", "no gzip"])
@pytest.mark.parametrize("status", [201, 400])
def test_a_broken_body_does_not_undo_its_status(
    backend: HttpBackend, mock_backend: MockBackend, body: str, status: int
) -> None:
    """What was decided stands, and the next request is answered as ever."""
    mock_backend.behave(status=status, body=body)
    assert backend.send(BODY, "k").status == status
    mock_backend.behave(status=201, body="whole")
    assert backend.send(BODY, "k").status == 201


def test_a_body_that_drips_is_cut(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Six seconds' worth of drops hold nobody up."""
    mock_backend.behave(status=400, body="drops")
    began_s = time.monotonic()
    reply = backend.send(BODY, "k")
    assert time.monotonic() - began_s < 4
    assert reply.status == 400
    assert reply.text.startswith("garbled")


def test_a_silent_backend_is_left_before_a_stop_runs_out(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """A stopping service has 10 s; a backend that hangs must give it back well before."""
    mock_backend.behave(delay_s=9)
    began_s = time.monotonic()
    with pytest.raises(BackendUnreachable, match="timed out"):
        backend.send(BODY, "k")
    assert time.monotonic() - began_s < 8


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


def test_a_wrong_url_is_no_outage() -> None:
    """Trying again cannot help, so a person is told."""
    with (
        closing(HttpBackend(url="http://:80:80/")) as backend,
        pytest.raises(ConfigurationError, match="mend the backend's URL"),
    ):
        backend.send(BODY, "k")


def test_credentials_of_the_url_are_used_and_not_shown(mock_backend: MockBackend) -> None:
    """A user and password go to the backend and into no text."""
    url = mock_backend.events_url.replace("//", "//anna:s3cret@")
    with closing(HttpBackend(url=url)) as backend:
        assert backend.url == mock_backend.events_url
        backend.send(BODY, "k")
    (request,) = mock_backend.requests()
    assert request["authorization"] == f"Basic {b64encode(b'anna:s3cret').decode()}"

    nobody = f"http://anna:s3cret@127.0.0.1:{free_port()}/"
    with (
        closing(HttpBackend(url=nobody)) as backend,
        pytest.raises(BackendUnreachable, match="Connection refused") as caught,
    ):
        backend.send(BODY, "k")
    assert "s3cret" not in str(caught.value)


SEND_ONCE = """
import sys
from surveil_adapters.http import HttpBackend
HttpBackend(url=sys.argv[1], token="s3cret").send(b"{}", "k")
"""


def test_a_netrc_does_not_replace_the_token(mock_backend: MockBackend, tmp_path: Path) -> None:
    """A `.netrc` that knows the host leaves our bearer token alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {mock_backend.address.host} login anna password other\n")
    netrc.chmod(0o600)
    subprocess.run(
        [sys.executable, "-c", SEND_ONCE, mock_backend.events_url],
        env=import_path() | {"NETRC": str(netrc)},
        check=True,
    )
    (request,) = mock_backend.requests()
    assert request["authorization"] == "Bearer s3cret"


def test_no_token_shows_in_errors() -> None:
    """The secret stands in no error text and no repr."""
    backend = HttpBackend(url=f"http://127.0.0.1:{free_port()}/", token="s3cret")
    with closing(backend), pytest.raises(BackendUnreachable) as caught:
        backend.send(BODY, "k")
    assert "s3cret" not in f"{caught.value!r} {backend!r}"
