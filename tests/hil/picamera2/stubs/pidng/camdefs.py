"""See the package."""


class Picamera2Camera:
    """A name to import."""
