"""Which encoder a Pi gets: what picamera2 reports, if it is there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import frozen

from surveil_adapters.camera.picamera2 import choose_encoder


@frozen(kw_only=True)
class LibavH264Encoder:
    """As picamera2's, made with the same arguments."""

    repeat: bool
    iperiod: int


@frozen(kw_only=True)
class H264Encoder:
    """That of a chip."""

    repeat: bool
    iperiod: int


class H264EncoderOfPi5(LibavH264Encoder):
    """What picamera2 calls by the name of the other where there is no chip."""


@pytest.mark.parametrize(
    ("reported", "has_device", "kind", "made"),
    [
        (H264Encoder, True, "hardware", H264Encoder),
        (H264Encoder, False, "software", LibavH264Encoder),
        (H264EncoderOfPi5, False, "software", LibavH264Encoder),
        (H264EncoderOfPi5, True, "software", LibavH264Encoder),
    ],
    ids=["Pi 4 or Zero 2", "no Pi", "Pi 5", "Pi 5 with another device of that name"],
)
def test_the_chip_encodes_where_there_is_one(
    reported: Any, has_device: bool, kind: str, made: type, tmp_path: Path
) -> None:
    """A keyframe a second, and what a player needs to begin with each of them."""
    device = tmp_path / "video11"
    if has_device:
        device.touch()
    encoders = SimpleNamespace(H264Encoder=reported, LibavH264Encoder=LibavH264Encoder)
    chosen, encoder = choose_encoder(encoders, 15, device=device)
    assert (chosen, type(encoder)) == (kind, made)
    assert (encoder.repeat, encoder.iperiod) == (True, 15)
