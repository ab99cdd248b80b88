"""Videos that were measured before."""

from attrs import define, field

from surveil_core.soundness import MeasuredVideo


@define(kw_only=True)
class FakeVideoMeter:
    """Implements `VideoMeter`: says what the test put in, or raises it."""

    videos: dict[int, MeasuredVideo | Exception] = field(factory=dict)

    def measure(self, media_id: int, *, video_bytes: int) -> MeasuredVideo:
        """As the port says."""
        found = self.videos[media_id]
        if isinstance(found, Exception):
            raise found
        return found
