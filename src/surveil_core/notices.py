"""Everything the services tell, as values.

What is said is decided here; in which words and language, by the console adapter
(spec, "Logs typiques" of each section).

The class name in snake case is the stable key of the JSON log, the fields its keys.
"""

from attrs import frozen

from surveil_core.debounce import Verdict


@frozen(kw_only=True)
class Notice:
    """The root of all notices. `service` names who speaks: `bridge`, `sensor-motion`..."""

    service: str


# --- any service --------------------------------------------------------------------


@frozen(kw_only=True)
class BrokerConnecting(Notice):
    """Attempt number `attempt` begins; `logged_attempts` are logged one by one."""

    host: str
    port: int
    attempt: int
    logged_attempts: int = 10


@frozen(kw_only=True)
class BrokerConnected(Notice):
    """The broker accepted us."""

    host: str
    port: int


@frozen(kw_only=True)
class BrokerConnectionFailed(Notice):
    """An attempt failed for `reason`."""

    host: str
    port: int
    attempt: int
    reason: str


@frozen(kw_only=True)
class BrokerConnectionLost(Notice):
    """The connection broke; it is made again by itself."""

    host: str
    port: int
    reason: str


@frozen(kw_only=True)
class TopicsSubscribed(Notice):
    """The broker granted the subscriptions."""

    topics: tuple[str, ...]


@frozen(kw_only=True)
class MessageRefused(Notice):
    """A message broke the contract."""

    topic: str
    reason: str
    payload_bytes: int


@frozen(kw_only=True)
class RepeatsIgnored(Notice):
    """Messages came that had come before, as they do after a reconnect."""

    messages: int


@frozen(kw_only=True)
class MessagesOverflowing(Notice):
    """QoS 0 messages outrun the service; said once until the queue has been empty.

    `waiting_messages` wait, and `refused_messages` were refused since the start.
    """

    topic: str
    waiting_messages: int
    refused_messages: int


@frozen(kw_only=True)
class ServiceFailed(Notice):
    """A service's loop failed unexpectedly and starts again in `retry_in_s`."""

    reason: str
    retry_in_s: float


@frozen(kw_only=True)
class HeartbeatFailed(Notice):
    """A service's sign of life cannot be written; the service goes on."""

    reason: str


@frozen(kw_only=True)
class ServiceStopped(Notice):
    """A service has ended as asked."""


@frozen(kw_only=True)
class StoreFailed(Notice):
    """A database refused; the event is kept and tried again in `retry_in_s`."""

    reason: str
    retry_in_s: float


@frozen(kw_only=True)
class FileUnreadable(Notice):
    """What a file counts is missing from the metrics; said once until the reason is another."""

    path: str
    reason: str


@frozen(kw_only=True)
class FileReadable(Notice):
    """A file that could not be read is counted again."""

    path: str


@frozen(kw_only=True)
class ClientIdContested(Notice):
    """The broker closed `young_closes` young connections in a row.

    So it does when another program connects with the same client id.
    """

    host: str
    port: int
    client_id: str
    young_closes: int


# --- sensor -------------------------------------------------------------------------


@frozen(kw_only=True)
class SensorStarting(Notice):
    """A sensor service begins. `simulated` is said plainly."""

    kind: str
    sensor_name: str
    gpio_pin: int
    topic: str
    simulated: bool


@frozen(kw_only=True)
class SensorReady(Notice):
    """Edges are watched from now on."""

    kind: str
    sensor_name: str


@frozen(kw_only=True)
class NoSensor(Notice):
    """No sensor of this kind is configured; with `left_over`, events of an earlier one go out."""

    kind: str
    left_over: bool


@frozen(kw_only=True)
class SensorFailed(Notice):
    """The sensor's pin cannot be had; tried again in `retry_in_s`."""

    reason: str
    retry_in_s: float


@frozen(kw_only=True)
class EdgeIgnored(Notice):
    """An active edge did not count."""

    sensor_name: str
    verdict: Verdict


@frozen(kw_only=True)
class SensorChattering(Notice):
    """After one event, `ignored_edges` came too soon; more are not told one by one."""

    sensor_name: str
    ignored_edges: int


@frozen(kw_only=True)
class SensorCalm(Notice):
    """A sensor has stopped chattering; `ignored_edges` came too soon meanwhile."""

    sensor_name: str
    ignored_edges: int


@frozen(kw_only=True)
class EdgesLost(Notice):
    """A burst outran the service: `lost_edges` found the queue of `queue_edges` full."""

    lost_edges: int
    queue_edges: int


@frozen(kw_only=True)
class EventDetected(Notice):
    """An edge was accepted."""

    kind: str
    event_id: str
    gpio_pin: int


@frozen(kw_only=True)
class EventPublished(Notice):
    """The event went out; the journal keeps it until the broker surely has it."""

    event_id: str
    topic: str
    min_interval_s: float


@frozen(kw_only=True)
class EventKept(Notice):
    """The event is in the journal and goes out when its turn comes and the broker is there."""

    event_id: str
    topic: str
    min_interval_s: float


@frozen(kw_only=True)
class JournalFull(Notice):
    """The journal is at its `limit`: `given_up_events` were given up since the start.

    With `kept_new` the oldest went, else the newest.
    """

    limit: str
    given_up_events: int
    kept_new: bool


# --- bridge -------------------------------------------------------------------------


@frozen(kw_only=True)
class BridgeStarting(Notice):
    """The bridge's settings."""

    topics: tuple[str, ...]
    backend_url: str


@frozen(kw_only=True)
class BridgeReady(Notice):
    """The bridge takes events."""


@frozen(kw_only=True)
class MessageReceived(Notice):
    """The bridge holds an event."""

    topic: str
    event_id: str
    event_type: str
    alert_type: str


@frozen(kw_only=True)
class PostStarting(Notice):
    """A POST begins."""

    backend_url: str
    event_id: str


@frozen(kw_only=True)
class BulkStarting(Notice):
    """One request with many waiting events begins."""

    backend_url: str
    events: int
    device_id: str


@frozen(kw_only=True)
class BulkDeclined(Notice):
    """The backend did not take many events at once; they go one by one."""

    backend_url: str
    reason: str


@frozen(kw_only=True)
class BulkDelivered(Notice):
    """The backend answered for many events at once."""

    delivered: int
    refused: int
    device_id: str


@frozen(kw_only=True)
class PostDelivered(Notice):
    """The backend has the event."""

    status: int
    event_id: str


@frozen(kw_only=True)
class PostRefused(Notice):
    """The backend will never take the event."""

    backend_url: str
    event_id: str
    status: int
    reason: str


@frozen(kw_only=True)
class LettersDropped(Notice):
    """The dead letters are at their quota: so many of the oldest were given up for good."""

    letters: int


@frozen(kw_only=True)
class OutboxFull(Notice):
    """The outbox is at its quota.

    `held_events` stay with the broker for now; `dropped_events` waiting ones and
    `dropped_letters` dead ones were given up for good just now.
    """

    held_events: int
    dropped_events: int
    dropped_letters: int


@frozen(kw_only=True)
class PostPostponed(Notice):
    """The backend does not take the event now; it is kept and sent again."""

    backend_url: str
    event_id: str
    reason: str
    retry_in_s: float


# --- surveillance -------------------------------------------------------------------


@frozen(kw_only=True)
class SurveillanceStarting(Notice):
    """The surveillance service's settings."""

    device_id: str
    broker: str
    topics: tuple[str, ...]
    duration_s: float
    database: str


@frozen(kw_only=True)
class DatabaseOpening(Notice):
    """The tables are about to be made."""


@frozen(kw_only=True)
class DatabaseReady(Notice):
    """The tables are there."""


@frozen(kw_only=True)
class SurveillanceReady(Notice):
    """The surveillance service takes events."""


@frozen(kw_only=True)
class EventReceived(Notice):
    """The surveillance service holds an event."""

    event_type: str
    event_id: str
    topic: str


@frozen(kw_only=True)
class EventStored(Notice):
    """The event has a row."""

    row_id: int
    event_id: str


@frozen(kw_only=True)
class RecordingStarted(Notice):
    """A clip begins."""

    event_id: str
    spool_path: str
    duration_s: float


@frozen(kw_only=True)
class RecordingExtended(Notice):
    """A further event prolongs the clip in hand."""

    event_id: str
    remaining_s: float


@frozen(kw_only=True)
class CameraTrying(Notice):
    """A source of the camera chain is tried."""

    source: str


@frozen(kw_only=True)
class CameraRejected(Notice):
    """A source of the camera chain is not to be had."""

    source: str
    reason: str


@frozen(kw_only=True)
class CameraReady(Notice):
    """A source of the camera chain delivers, `start_s` after it was tried.

    `simulated` is said plainly.
    """

    source: str
    simulated: bool
    start_s: float


@frozen(kw_only=True)
class CameraLost(Notice):
    """The camera failed, or none is there; events go on. Tried again in `retry_in_s`."""

    reason: str
    retry_in_s: float


@frozen(kw_only=True)
class ClipCaptured(Notice):
    """The pictures of a clip are complete, but for `missing_s` when nothing was filmed.

    It begins `pre_roll_s` before its event, or `start_delay_s` after it.
    """

    source: str
    clip_bytes: int
    duration_s: float
    pre_roll_s: float
    start_delay_s: float
    missing_s: float


@frozen(kw_only=True)
class ClipStored(Notice):
    """The clip has a row."""

    row_id: int
    clip_bytes: int
    event_id: str


@frozen(kw_only=True)
class ClipFailed(Notice):
    """A clip could not be made or stored; `kept_path` holds what there is of it."""

    event_id: str
    reason: str
    kept_path: str | None


@frozen(kw_only=True)
class PreviewFailed(Notice):
    """A clip was stored without its preview."""

    event_id: str
    reason: str


@frozen(kw_only=True)
class VideosGivenUp(Notice):
    """The oldest videos were deleted to make room."""

    videos: int
    freed_bytes: int


@frozen(kw_only=True)
class OrphansRemoved(Notice):
    """Video files that a crash had left without a video were removed."""

    freed_bytes: int


@frozen(kw_only=True)
class AgesUnknown(Notice):
    """No time server has set the clock, so no video is deleted for its age."""

    max_age_days: float


@frozen(kw_only=True)
class SpaceShort(Notice):
    """So much space is missing, and all that may be deleted is deleted."""

    missing_bytes: int


@frozen(kw_only=True)
class ClipPostponed(Notice):
    """A clip waits in the spool for the database or the disk; tried again in `retry_in_s`.

    `event_id` is None for a file that is only to be removed.
    """

    event_id: str | None
    reason: str
    retry_in_s: float


@frozen(kw_only=True)
class ClipCutShort(Notice):
    """A clip ends before its time; what there is of it is kept."""

    event_id: str
    reason: str


@frozen(kw_only=True)
class SpoolFileRemoved(Notice):
    """What an earlier run left in the spool is of no use."""

    path: str
    reason: str


@frozen(kw_only=True)
class SpoolFileSetAside(Notice):
    """A clip that may show something, and is not stored as it is: a person finds it at `path`."""

    path: str
    reason: str


# --- backend ------------------------------------------------------------------------


@frozen(kw_only=True)
class WebReady(Notice):
    """The web side listens."""

    port: int
    url: str


@frozen(kw_only=True)
class BrowserConnected(Notice):
    """A Socket.IO client came."""

    client: str


@frozen(kw_only=True)
class RequestAnswered(Notice):
    """The backend answered a `POST /api/events`."""

    status: int
    alert_type: str
    device_id: str
    event_id: str


@frozen(kw_only=True)
class RequestRefused(Notice):
    """The backend refused a `POST /api/events`."""

    status: int
    reason: str


@frozen(kw_only=True)
class AlertEmitted(Notice):
    """An alert went out to `clients` browsers."""

    alert_type: str
    clients: int
