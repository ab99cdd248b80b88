"""What the edge's parts are told of each other."""

import threading
from contextlib import closing
from pathlib import Path

from apps.edge.config import load
from apps.edge.parts import EdgeParts
from tests.fakes.announcer import RecordingAnnouncer


def test_what_the_cameras_have_not_stored_yet_counts_as_video(tmp_path: Path) -> None:
    """Of each camera, wherever it has its spool."""
    settings = load(None, {"SURVEIL_STORAGE__DATA_DIR": str(tmp_path)})
    parts = EdgeParts(settings=settings, stop=threading.Event(), announcer=RecordingAnnouncer())
    for folder in (tmp_path / "spool", tmp_path / "spool" / "camera-2"):
        folder.mkdir()
        (folder / "recording_evt-1_1.h264").write_bytes(bytes(1000))
    parts.database.initialise()
    with closing(parts.video_stock()) as stock:
        assert stock.space().spooled_bytes == 2000
