"""What a person on call wants to know of the camera, at one instant."""

from attrs import frozen

from surveil_core.preroll import RingFigures


@frozen(kw_only=True)
class CameraFigures:
    """The camera. Everything but `is_open` and `start_s` is counted since the program began.

    `start_s` is how long it took to give its first picture when it was opened last, 0 before.
    `dropped_pictures` came and were thrown away, since nobody was ready to take them.
    """

    number: int
    is_open: bool
    starts: int
    start_s: float
    failures: int
    pictures: int
    picture_bytes: int
    dropped_pictures: int


@frozen(kw_only=True)
class FilmingFigures:
    """The filming service. `waiting_clips` lie in the spool until they are stored.

    `given_up_events` have no video, and never will.
    """

    camera: CameraFigures
    ring: RingFigures
    stored_clips: int
    waiting_clips: int
    given_up_events: int
