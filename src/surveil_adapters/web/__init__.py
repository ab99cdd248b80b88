"""The web side: HTTP API, Socket.IO alerts and the page, as one ASGI application.

`build_app` makes the application of a Pi or of the backend, `AlertHub` carries alerts
into it, `WebServer` runs it in a thread of its own.
"""

from surveil_adapters.web.alert_hub import AlertHub
from surveil_adapters.web.app import build_app
from surveil_adapters.web.server import WebServer
from surveil_adapters.web.views import DeviceView

__all__ = ["AlertHub", "DeviceView", "WebServer", "build_app"]
