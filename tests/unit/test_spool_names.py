"""File names made of what the network sent."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.spool import DiskSpool, safe_name
from surveil_core.errors import StoreUnavailable
from surveil_core.video import VideoFormat


@given(st.text(max_size=300))
def test_no_event_id_leaves_the_folder(event_id: str) -> None:
    """Whatever the id, the name is one path component of bounded length."""
    name = f"recording_{safe_name(event_id)}_1737123456.h264"
    assert Path("/spool", name).parent == Path("/spool")
    assert len(name.encode()) <= 120
    assert name.isprintable()


def test_an_older_file_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    """What an earlier run could not store is never overwritten."""
    spool = DiskSpool(tmp_path / "spool")
    about = {"event_id": "../evt-1", "unix_s": 1737123456, "format": VideoFormat()}
    first = spool.start_clip(**about)  # type: ignore[arg-type]
    second = spool.start_clip(**about)  # type: ignore[arg-type]
    assert [path.name for path in (first.spool_path, second.spool_path)] == [
        "recording_.._evt-1_1737123456.h264",
        "recording_.._evt-1_1737123456_1.h264",
    ]
    second.discard()
    second.discard()
    assert list((tmp_path / "spool").iterdir()) == [first.spool_path]
    first.discard()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error says where, why, and what to do."""
    (tmp_path / "spool").write_text("a file is in the way")
    with pytest.raises(StoreUnavailable, match=r"cannot write a clip in .*spool"):
        DiskSpool(tmp_path / "spool").start_clip(event_id="evt-1", unix_s=1, format=VideoFormat())


def test_a_clip_without_pictures_cannot_be_finished(tmp_path: Path) -> None:
    """The raw file stays, no broken MP4 does."""
    writer = DiskSpool(tmp_path).start_clip(event_id="evt-1", unix_s=1, format=VideoFormat())
    with pytest.raises(StoreUnavailable, match="has no picture"):
        writer.finish()
    assert [path.suffix for path in tmp_path.iterdir()] == [".h264"]
    writer.discard()
