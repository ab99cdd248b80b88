"""Cameras as sources of H.264 access units (port `surveil_core.ports.camera.VideoSource`).

`selection` reads the setting and lists candidates, `chain` tries them in order,
`picamera2`, `rpicam` and `ffmpeg` are the candidates. A `program` is run as a `process`, whose
pictures `flv` or `annexb` cut out; `access_units` completes those of any camera, `damage` looks
at some, and they wait in a `unit_queue`. Vendor libraries are imported when a camera opens.
"""

from surveil_adapters.camera.chain import CameraChain
from surveil_adapters.camera.ffmpeg import redact_urls
from surveil_adapters.camera.selection import candidates_for, devices_of

__all__ = ["CameraChain", "candidates_for", "devices_of", "redact_urls"]
