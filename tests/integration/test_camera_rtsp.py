"""A network camera by a real RTSP server on loopback, with a password or without."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.clock import SystemClock
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraRejected
from surveil_core.ports.camera import VideoSource
from tests.clips import make_annex_b, make_mp4
from tests.contracts.video_source import (
    LatePicturesContract,
    VideoSourceContract,
    nal_types,
    read_for,
)
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.brokers import free_port
from tests.rig.camera import FORMAT, decode, make_clip, picture_types, probe
from tests.rig.rtsp_server import MOUNT, rtsp_server

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

USER, PASSWORD = "ann", "s3cr/t@1"
CREDENTIALS = f"{USER}:{quote(PASSWORD, safe='')}@"
PARAMETER_SETS = (7, 8)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video that the camera sends, of another size than asked: 160x120."""
    folder = tmp_path_factory.mktemp("served")
    return make_annex_b(folder, make_mp4(folder, duration_s=20, size="160x120").read_bytes())


@pytest.fixture
def server(served: Path, nothing_is_left: None) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A camera that anyone may watch."""
    with rtsp_server(served) as running:
        yield running


def source_at(port: int, clock: SystemClock, *, path: str = MOUNT, login: str = "") -> VideoSource:
    [source] = candidates_for(f"rtsp://{login}127.0.0.1:{port}{path}", FORMAT, clock)
    return source


def nals(annex_b: bytes) -> list[bytes]:
    """Cut into NAL units, without start codes."""
    return [part.rstrip(b"\x00") for part in annex_b.split(b"\x00\x00\x01")[1:]]


class TestRtsp(VideoSourceContract, LatePicturesContract):
    @pytest.fixture
    def source(
        self, server: tuple[int, subprocess.Popen[str]], clock: SystemClock
    ) -> Iterator[VideoSource]:
        source = source_at(server[0], clock)
        yield source
        source.close()

    def test_pictures_are_the_cameras_own_bytes(self, source: VideoSource, served: Path) -> None:
        """Copied, not transcoded: parameter sets and pictures are those of the camera."""
        source.open()
        units = read_for(source, 2.0)
        sent = set(nals(served.read_bytes()))
        received = [nal for unit in units for nal in nals(unit.annex_b)]
        assert {nal[0] & 0x1F for nal in received} >= {*PARAMETER_SETS, 5, 1}
        assert [nal for nal in received if nal not in sent] == []
        assert source.format.resolution == "160x120"

    def test_a_clip_of_it_plays(self, source: VideoSource, tmp_path: Path) -> None:
        """In a player, as long as it took."""
        source.open()
        units = read_for(source, 3.0)
        video = make_clip(units, tmp_path)
        decode(video)
        assert picture_types(video) == {"I", "P"}
        assert float(probe(video)["duration"]) == pytest.approx(3.0, abs=0.3)

    def test_it_opens_within_seconds(self, source: VideoSource, clock: SystemClock) -> None:
        """On demand, what it takes to open is not filmed; nor do pictures come in a heap."""
        began_s = clock.monotonic_s()
        source.open()
        units = read_for(source, 1.0)
        assert units[0].at_s - began_s < 3
        assert len([unit for unit in units if unit.at_s - units[0].at_s < 0.1]) <= FORMAT.fps


def test_a_camera_with_b_frames_is_filmed(tmp_path: Path, clock: SystemClock) -> None:
    """They may be shown in the wrong order, as the manual says, but none is missing."""
    mp4 = make_mp4(tmp_path, duration_s=20, b_frames=2)
    with rtsp_server(make_annex_b(tmp_path, mp4.read_bytes())) as (port, _):
        source = source_at(port, clock)
        source.open()
        units = read_for(source, 3.0)
        source.close()
    video = make_clip(units, tmp_path)
    assert "B" in picture_types(video)
    assert float(probe(video)["duration"]) == pytest.approx(3.0, abs=0.5)
    assert len(units) == pytest.approx(3.0 * FORMAT.fps, abs=FORMAT.fps / 2)


def test_a_server_that_stops_in_mid_stream_is_told(
    server: tuple[int, subprocess.Popen[str]], clock: SystemClock
) -> None:
    """A camera that loses power ends the source with an error."""
    port, process = server
    source = source_at(port, clock)
    source.open()
    read_for(source, 0.3)
    process.kill()
    with pytest.raises(CameraUnavailable, match="ffmpeg ended with status"):
        read_for(source, 30)
    source.close()


def test_a_server_that_falls_silent_is_told(
    server: tuple[int, subprocess.Popen[str]], clock: SystemClock
) -> None:
    """A network that is cut closes no connection; the time-out does."""
    port, process = server
    source = source_at(port, clock)
    source.open()
    read_for(source, 0.3)
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(CameraUnavailable, match="ffmpeg ended with status"):
        read_for(source, 30)
    source.close()


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_the_password_of_the_address_opens_a_camera(
    method: str, served: Path, clock: SystemClock
) -> None:
    """Percent-encoded in the address, plain for the camera."""
    with rtsp_server(served, method, USER, PASSWORD) as (port, _):
        source = source_at(port, clock, login=CREDENTIALS)
        source.open()
        assert {7, 8, 5} <= set(nal_types(read_for(source, 0.5)[0].annex_b))
        source.close()


@pytest.mark.parametrize("login", ["", "ann:s3cr3t@"])
def test_a_refused_password_is_told_without_it(
    login: str, served: Path, clock: SystemClock
) -> None:
    """Neither the missing one nor the wrong one."""
    with rtsp_server(served, "digest", USER, PASSWORD) as (port, _):
        said = said_of_refused(source_at(port, clock, login=login), clock)
    assert "401 Unauthorized" in said
    assert f"127.0.0.1:{port}{MOUNT}" in said
    assert_no_secret(said)


def said_of_refused(source: VideoSource, clock: SystemClock) -> str:
    """Open a source through the chain; returns all that the error and the log say."""
    announcer = RecordingAnnouncer()
    with pytest.raises(CameraUnavailable) as caught:
        CameraChain([source], announcer=announcer, clock=clock).open()
    assert announcer.of(CameraRejected)
    return f"{caught.value!r} {announcer.notices!r}"


def assert_no_secret(said: str) -> None:
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "s3cr", f"{USER}:"):
        assert secret not in said


def test_a_wrong_path_is_told_without_the_password(
    server: tuple[int, subprocess.Popen[str]], clock: SystemClock
) -> None:
    """The address is named, its user and password are not: neither in the error nor in the log."""
    source = source_at(server[0], clock, path="/no-such", login=CREDENTIALS)
    said = said_of_refused(source, clock)
    assert f"rtsp://***@127.0.0.1:{server[0]}/no-such" in said
    assert "404 Not Found" in said
    assert_no_secret(said)


def test_nobody_listening_is_told_without_the_password(clock: SystemClock) -> None:
    """A camera that is switched off."""
    port = free_port()
    said = said_of_refused(source_at(port, clock, login=CREDENTIALS), clock)
    assert f"rtsp://***@127.0.0.1:{port}{MOUNT}" in said
    assert "Connection refused" in said
    assert_no_secret(said)
