"""Where alerts go to reach browsers at once."""

from typing import Protocol

from surveil_core.messages import BrowserAlert


class AlertSink(Protocol):
    """Shows alerts to whoever watches now, at most once each.

    Who was away asks the archive, so nothing is kept here.
    """

    def emit(self, alert: BrowserAlert) -> None:
        """Send `alert` on. From any thread; does not wait for the browsers; raises nothing."""
