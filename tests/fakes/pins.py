"""Pins on the videos of an archive in lists."""

from attrs import evolve, frozen

from tests.fakes.archive import FakeArchive


@frozen(kw_only=True)
class FakePins:
    """Implements `Pins` on `archive`, and is unavailable with it."""

    archive: FakeArchive

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """As the port says."""
        found = self.archive.find_media(media_id)
        if found is None:
            return False
        media = self.archive.media
        media[media.index(found)] = evolve(found, pinned=is_pinned)
        return True
