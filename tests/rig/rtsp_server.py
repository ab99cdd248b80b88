"""A network camera: GStreamer's RTSP server on loopback, serving an H.264 file over and over.

Run by Debian's own Python, which has the bindings: `rtsp_server.py FILE [METHOD USER PASSWORD]`
prints its port. METHOD, `basic` or `digest`, is how it wants the password.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PYTHON = "/usr/bin/python3"
MOUNT = "/stream"
FPS = 15
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0"
"""What it needs of Debian; the second one brings the plugins."""


@contextmanager
def rtsp_server(video: Path, *credentials: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Serve `video` (Annex B, no B-frames); yields the port and the process.

    `credentials` are a method, a user and a password. Raises `RuntimeError` where the server is not
    installed.
    """
    if not Path(PYTHON).exists():
        raise RuntimeError(f"{PYTHON} is missing; run: sudo apt-get install {PACKAGES}")
    command = [PYTHON, __file__, str(video), *credentials]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline()
            if not port:
                raise RuntimeError(
                    "the RTSP server did not start (its words are above); "
                    f"run: sudo apt-get install {PACKAGES}"
                )
            yield int(port), server
        finally:
            server.kill()


def _serve(video: str, *credentials: str) -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( multifilesrc location="{video}" loop=true '
        f"caps=video/x-h264,stream-format=byte-stream,framerate={FPS}/1 "
        "! h264parse ! rtph264pay name=pay0 pt=96 )"
    )
    factory.set_shared(True)
    factory.connect("media-configure", _stamp)
    if credentials:
        _ask_for(server, factory, *credentials)
    server.get_mount_points().add_factory(MOUNT, factory)
    if not server.attach(None):
        sys.exit("the RTSP server cannot listen on 127.0.0.1")
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def _stamp(_: Any, media: Any) -> None:
    """Give the pictures the times of an even rate, as `h264parse` gives a file's none."""
    from gi.repository import Gst

    numbers = itertools.count()

    def stamp(_: Any, info: Any) -> Any:
        info.get_buffer().pts = next(numbers) * Gst.SECOND // FPS
        return Gst.PadProbeReturn.OK

    pad = media.get_element().get_by_name("pay0").get_static_pad("sink")
    pad.add_probe(Gst.PadProbeType.BUFFER, stamp)


def _ask_for(server: Any, factory: Any, method: str, user: str, password: str) -> None:
    from gi.repository import GstRtsp, GstRtspServer

    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for name in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(user, name, True)
    factory.set_permissions(permissions)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
