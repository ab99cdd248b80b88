"""What every `MediaStore` does: the fake and the SQLite file alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from surveil_core.ports.media_store import MediaStore
from surveil_core.ports.preview import ClipPreview
from tests.examples import clip_of


class MediaStoreContract:
    """Subclasses give `store`: open, without clips, where events 1 to 3 exist."""

    @pytest.fixture
    def store(self) -> Iterator[MediaStore]:
        raise NotImplementedError

    def test_first_clip_has_row_1_and_ids_grow(self, store: MediaStore, tmp_path: Path) -> None:
        """The first clip gets row 1, as in the spec, and the next a greater one."""
        clip = clip_of(tmp_path / "clip.mp4", b"video")
        assert store.add_clip(clip, event_row_ids=[1]) == 1
        assert store.add_clip(clip, event_row_ids=[1]) > 1

    def test_clip_of_several_events_is_stored(self, store: MediaStore, tmp_path: Path) -> None:
        """Events that fell into a clip are named with the one that triggered it."""
        clip = clip_of(tmp_path / "clip.mp4", b"video" * 100_000)
        assert store.add_clip(clip, event_row_ids=[2, 1, 3]) == 1

    def test_clip_with_its_preview_is_stored(self, store: MediaStore, tmp_path: Path) -> None:
        """A preview changes nothing else; the next clip may have none."""
        clip = clip_of(tmp_path / "clip.mp4", b"video")
        preview = ClipPreview(thumbnail=b"thumbnail", strip=b"strip")
        assert store.add_clip(clip, event_row_ids=[1], preview=preview) == 1
        assert store.add_clip(clip, event_row_ids=[2], preview=None) > 1

    def test_clip_without_event_is_refused(self, store: MediaStore, tmp_path: Path) -> None:
        """A clip belongs to an event at least; to name none is the caller's mistake."""
        with pytest.raises(ValueError, match="event_row_ids"):
            store.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[])

    def test_closing_twice_is_safe(self, store: MediaStore) -> None:
        """A store may be closed again."""
        store.close()
        store.close()
