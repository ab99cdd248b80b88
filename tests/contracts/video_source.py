"""What every `VideoSource` must do. Subclass it and give the fixture `source`."""

import os
import signal
import time
from itertools import pairwise

import pytest

from surveil_core.errors import CameraUnavailable
from surveil_core.ports.camera import VideoSource
from surveil_core.source_clock import EARLY_SLEW, LATE_SLEW
from surveil_core.video import AccessUnit
from tests.rig.camera import children

HELD_BACK_S = 1.5
STAMP_S = 0.001
"""How finely a container stamps pictures."""


def nal_types(annex_b: bytes) -> list[int]:
    """List the NAL unit types of an access unit (ITU-T H.264, table 7-1)."""
    return [part[0] & 0x1F for part in annex_b.split(b"\x00\x00\x01")[1:]]


def read_for(source: VideoSource, duration_s: float) -> list[AccessUnit]:
    """Read until the stamps have moved on by `duration_s`."""
    units: list[AccessUnit] = []
    misses = 0
    while not units or units[-1].at_s - units[0].at_s < duration_s:
        unit = source.read(1.0)
        misses = 0 if unit else misses + 1
        assert misses < 10, f"{source.name} gives no pictures"
        if unit is not None:
            units.append(unit)
    return units


def read_past_a_pause(source: VideoSource) -> tuple[list[AccessUnit], list[AccessUnit]]:
    """Open a source whose program is then held back for a while: its pictures before, and after."""
    others = set(children())
    source.open()
    [program] = set(children()) - others
    early = read_for(source, 0.5)
    os.kill(program, signal.SIGSTOP)
    time.sleep(HELD_BACK_S)
    os.kill(program, signal.SIGCONT)
    return early, read_for(source, HELD_BACK_S + 0.5)


class VideoSourceContract:
    """The suite. The fixture `source` is closed before and after."""

    def test_a_stream_begins_with_a_keyframe(self, source: VideoSource) -> None:
        """The first picture can be decoded."""
        source.open()
        assert read_for(source, 0.5)[0].keyframe

    def test_keyframes_come_each_second_with_parameter_sets(self, source: VideoSource) -> None:
        """A clip may begin at any keyframe, and none is far."""
        source.open()
        units = read_for(source, 3.2)
        keyframes = [unit for unit in units if unit.keyframe]
        assert len(keyframes) >= 3
        for unit in keyframes:
            assert {7, 8, 5} <= set(nal_types(unit.annex_b))
        assert not [unit for unit in units if 5 in nal_types(unit.annex_b) and not unit.keyframe]

    def test_stamps_never_go_back_and_keep_the_rate(self, source: VideoSource) -> None:
        """Two seconds of stamps hold about two seconds of pictures."""
        source.open()
        units = read_for(source, 2.0)
        stamps = [unit.at_s for unit in units]
        assert stamps == sorted(stamps)
        assert len(units) >= 2 * source.format.fps * 0.6
        assert len(units) <= 2 * source.format.fps * 1.6 + 2

    def test_it_says_who_it_is(self, source: VideoSource) -> None:
        """Name and simulation are known before the camera is."""
        assert source.name
        assert isinstance(source.simulated, bool)

    def test_closed_twice_it_can_be_opened_again(self, source: VideoSource) -> None:
        """A camera that was lost is opened again on the same object; no picture is dropped."""
        assert source.dropped_pictures == 0
        source.open()
        source.close()
        source.close()
        source.open()
        assert read_for(source, 0.3)
        assert source.dropped_pictures == 0
        source.close()
        assert source.dropped_pictures == 0

    def test_a_closed_source_refuses_to_read(self, source: VideoSource) -> None:
        """Reading without opening is told apart from silence."""
        with pytest.raises(CameraUnavailable, match="open"):
            source.read(0.1)


class LatePicturesContract:
    """For sources that run a program which films at an even rate, and makes good what it missed."""

    def test_pictures_that_come_late_and_at_once_keep_their_times(
        self, source: VideoSource
    ) -> None:
        """What holds them back, a network or a busy machine, does not show in a clip."""
        early, late = read_past_a_pause(source)
        units = early[-1:] + late  # ffmpeg does not know when a network's first was taken
        step_s = 1 / source.format.fps
        for before, after in pairwise(units):
            assert after.at_s - before.at_s <= step_s * (1 + LATE_SLEW) + STAMP_S
            assert after.at_s - before.at_s >= step_s * (1 - EARLY_SLEW) - STAMP_S
