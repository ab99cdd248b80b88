"""The fake previewer keeps the contract that PyAV keeps."""

from pathlib import Path

import pytest

from tests.contracts.previewer import PreviewerContract, PreviewSite
from tests.examples import clip_at
from tests.fakes.previewer import FakePreviewer


class TestFakePreviewer(PreviewerContract):
    @pytest.fixture
    def site(self) -> PreviewSite:
        clip = clip_at(Path("clip.mp4"), clip_bytes=5)
        return PreviewSite(
            previewer=FakePreviewer(),
            clip=clip,
            blind_previewer=FakePreviewer(refusal="no keyframe"),
            broken_clip=clip,
        )
