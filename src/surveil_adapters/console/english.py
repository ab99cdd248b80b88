"""The same notices for readers of English."""

from surveil_adapters.console.words import Words, banner, kilobytes, seconds
from surveil_core import notices as n

_DETECTED = {
    "motion": "Motion detected!",
    "button": "Button pressed!",
    "pressure": "Pressure detected!",
}


def _sensor_starting(x: n.SensorStarting) -> str:
    simulated = "\n🧪 SIMULATED sensor (no real pin)" if x.simulated else ""
    return f"{banner(f'{x.kind.capitalize()} sensor service', indent=14)}{simulated}".rstrip("\n")


def _connecting(x: n.BrokerConnecting) -> str:
    return (
        f"\n🔌 Connecting to the MQTT broker... "
        f"(attempt {x.attempt}/{max(x.attempt, x.logged_attempts)})"
    )


def _connection_failed(x: n.BrokerConnectionFailed) -> str:
    text = f"❌ Broker unreachable: {x.host}:{x.port} ({x.reason})"
    if x.attempt == 10:
        text += "\n   → retrying for ever; only every tenth attempt is shown from now on"
    return text


def _surveillance_starting(x: n.SurveillanceStarting) -> str:
    return (
        f"{banner(f'Surveillance service - {x.device_id}', indent=9)}\n"
        f"📡 MQTT broker: {x.broker}\n"
        f"📹 Topics: {', '.join(x.topics)}\n"
        f"⏱️  Recording length: {seconds(x.duration_s)}\n"
        f"💾 Database: {x.database}"
    )


def _beginning(x: n.ClipCaptured) -> str:
    if x.start_delay_s > 0:
        return f"begins {x.start_delay_s:.1f}s after the event"
    return f"{x.pre_roll_s:.1f}s of it before the event"


def _missing(x: n.ClipCaptured) -> str:
    return f", {x.missing_s:.1f}s are missing" if x.missing_s else ""


WORDS = Words(
    {
        n.BrokerConnecting: _connecting,
        n.BrokerConnected: "✅ Connected to the MQTT broker",
        n.BrokerConnectionFailed: _connection_failed,
        n.BrokerConnectionLost: "⚠️  Connection to the broker lost: {n.host}:{n.port} ({n.reason})",
        n.ClientIdContested: (
            "⚠️  The broker {n.host}:{n.port} closed {n.young_closes} connections in a row "
            "soon after they began\n"
            "   → another program may use the client id {n.client_id}; leave only one running"
        ),
        n.TopicsSubscribed: "📥 Subscribed to the topics",
        n.MessageRefused: (
            "⛔ Message refused on {n.topic} ({n.payload_bytes} bytes)\n   Reason: {n.reason}"
        ),
        n.MessagesOverflowing: (
            "⚠️  QoS 0 messages refused on {n.topic}: {n.waiting_messages} wait already "
            "(refused so far: {n.refused_messages})"
        ),
        n.ServiceFailed: lambda x: (
            f"💥 Service {x.service} failed: {x.reason}\n   → restart in {seconds(x.retry_in_s)}"
        ),
        n.HeartbeatFailed: "⚠️  No sign of life for {n.service}: {n.reason}",
        n.ServiceStopped: "🛑 Service {n.service} stopped",
        n.StoreFailed: lambda x: (
            f"❌ Database unavailable: {x.reason}\n"
            f"   → the event is kept, next try in {seconds(x.retry_in_s)}"
        ),
        n.FileUnreadable: (
            "⚠️  Counters unreadable: {n.reason}\n   → those of {n.path} are missing from /metrics"
        ),
        n.FileReadable: "✅ Counters readable again: {n.path}",
        n.SensorStarting: _sensor_starting,
        n.SensorReady: "👀 Waiting for {n.kind}... ({n.sensor_name})",
        n.NoSensor: lambda x: (
            f"⚠️  No {x.kind} sensor is configured"
            + (": events of an earlier one still go out" if x.left_over else "")
        ),
        n.SensorFailed: lambda x: (
            f"❌ Sensor unavailable: {x.reason}\n   → next try in {seconds(x.retry_in_s)}"
        ),
        n.EdgeIgnored: lambda x: f"   (edge ignored on {x.sensor_name}: {x.verdict.value})",
        n.SensorChattering: (
            "⚠️  {n.sensor_name} chatters: {n.ignored_edges} edges ignored after a single "
            "event\n   → a loose wire or a worn contact? Further edges are counted, not shown"
        ),
        n.SensorCalm: "✅ {n.sensor_name} no longer chatters ({n.ignored_edges} edges ignored)",
        n.EdgesLost: lambda x: (
            f"⚠️  {x.lost_edges} edges lost: the queue of {x.queue_edges} was full"
        ),
        n.EventDetected: lambda x: (
            f"\n🚨 {_DETECTED[x.kind]}\n   Event ID: {x.event_id}\n   GPIO pin: {x.gpio_pin}"
        ),
        n.EventPublished: lambda x: (
            f"📤 Message published on {x.topic}\n\n"
            f"⏸️  Waiting {x.min_interval_s:.1f}s before the next detection..."
        ),
        n.EventKept: lambda x: (
            "🕓 Message in the journal, published as soon as the broker takes it\n\n"
            f"⏸️  Waiting {x.min_interval_s:.1f}s before the next detection..."
        ),
        n.JournalFull: lambda x: (
            f"⚠️  Journal full ({x.limit}): "
            f"{'the oldest event is lost' if x.kept_new else 'the new event is lost'} "
            f"(lost so far: {x.given_up_events})"
        ),
        n.BridgeStarting: lambda x: (
            f"{banner('MQTT → HTTP bridge', indent=20)}\n"
            f"📡 MQTT topics: {', '.join(x.topics)}\n🌐 Backend URL: {x.backend_url}"
        ),
        n.BridgeReady: "\n✅ Bridge started\n🌉 Waiting for MQTT events...",
        n.MessageReceived: (
            "\n📨 Message received on {n.topic}\n   Event ID: {n.event_id}\n"
            "   Original type: {n.event_type}\n   Mapped type: {n.alert_type}"
        ),
        n.PostStarting: "🌐 HTTP POST to {n.backend_url}",
        n.PostDelivered: "✅ Event delivered to the backend\n   Status: {n.status}",
        n.PostRefused: (
            "⛔ Event {n.event_id} refused by the backend\n   URL: {n.backend_url}\n"
            "   Status: {n.status}\n   Reason: {n.reason}\n"
            "   → kept among the dead letters"
        ),
        n.BulkStarting: (
            "🌐 Sending {n.events} events of {n.device_id} at once to {n.backend_url}"
        ),
        n.BulkDeclined: (
            "   {n.backend_url} does not take many at once: {n.reason}\n   → one by one"
        ),
        n.BulkDelivered: (
            "✅ Sent at once for {n.device_id}: {n.delivered} delivered, {n.refused} refused"
        ),
        n.LettersDropped: "⚠️  Too many dead letters: the oldest {n.letters} are lost",
        n.OutboxFull: (
            "⚠️  Outbox full: {n.held_events} events left with the broker, "
            "{n.dropped_events} waiting ones lost, {n.dropped_letters} dead letters lost"
        ),
        n.PostPostponed: lambda x: (
            f"❌ HTTP error: {x.reason}\n   URL: {x.backend_url}\n"
            f"   → event {x.event_id} is KEPT, next try in {seconds(x.retry_in_s)}"
        ),
        n.SurveillanceStarting: _surveillance_starting,
        n.DatabaseOpening: "\n📊 Opening the database...",
        n.DatabaseReady: "✅ Database ready",
        n.SurveillanceReady: (
            "\n✅ Surveillance service started\n👀 Waiting for events...\n   (Ctrl+C to stop)"
        ),
        n.EventReceived: (
            "\n🚨 Event received: {n.event_type}\n   Event ID: {n.event_id}\n   Topic: {n.topic}"
        ),
        n.EventStored: "✅ Event stored (ID: {n.row_id})",
        n.RepeatsIgnored: "   (repeats ignored: {n.messages})",
        n.RecordingStarted: lambda x: (
            f"\n📹 Recording starts...\n   File: {x.spool_path}\n   Length: {seconds(x.duration_s)}"
        ),
        n.RecordingExtended: lambda x: (
            f"📹 Recording prolonged: {seconds(x.remaining_s)} more ({x.event_id})"
        ),
        n.CameraTrying: "   Trying {n.source}...",
        n.CameraRejected: "   ⚠️  {n.source} not available: {n.reason}",
        n.CameraReady: lambda x: (
            f"   🎥 Camera ready: {x.source}"
            + (" (SIMULATED picture)" if x.simulated else "")
            + f", in {x.start_s:.1f}s"
        ),
        n.CameraLost: lambda x: (
            f"❌ Camera unavailable: {x.reason}\n"
            f"   → events go on, next try in {seconds(x.retry_in_s)}"
        ),
        n.ClipCaptured: lambda x: (
            f"   ✅ Captured with {x.source}\n✅ Recording complete "
            f"({x.duration_s:.1f}s, {_beginning(x)}{_missing(x)})\n"
            f"💾 Video captured: {x.clip_bytes} bytes"
        ),
        n.ClipStored: lambda x: (
            f"✅ Video stored (ID: {x.row_id})\n   Size: {kilobytes(x.clip_bytes)}"
        ),
        n.ClipFailed: lambda x: (
            f"❌ No video for {x.event_id}: {x.reason}"
            + (f"\n   Kept: {x.kept_path}" if x.kept_path else "")
        ),
        n.PreviewFailed: (
            "⚠️  No preview for {n.event_id}: {n.reason}\n   → its video is stored without"
        ),
        n.VideosGivenUp: (
            "🗑️  The {n.videos} oldest videos were deleted to make room ({n.freed_bytes} bytes)"
        ),
        n.OrphansRemoved: (
            "🧹 Video files that a crash had left were removed ({n.freed_bytes} bytes)"
        ),
        n.AgesUnknown: (
            "⚠️  The clock is not synchronised (NTP): no video is deleted for being older than "
            "{n.max_age_days:g} days"
        ),
        n.SpaceShort: (
            "⚠️  {n.missing_bytes} bytes too many, or too few on the disk: "
            "all videos that are not pinned are deleted"
        ),
        n.ClipPostponed: lambda x: (
            f"🕓 Video not stored yet for {x.event_id or 'the spool'}: {x.reason}\n"
            f"   → it is KEPT, next try in {seconds(x.retry_in_s)}"
        ),
        n.ClipCutShort: (
            "✂️  Video cut short for {n.event_id}: {n.reason}\n   → what is filmed is kept"
        ),
        n.SpoolFileRemoved: "🧹 File removed from the spool: {n.path}\n   Reason: {n.reason}",
        n.SpoolFileSetAside: (
            "📦 Film set aside, and KEPT: {n.path}\n   Reason: {n.reason}\n"
            "   → look at it (`ffplay`), then delete it: nothing else will"
        ),
        n.WebReady: "Server running on port {n.port}\n🖥️  {n.url}",
        n.BrowserConnected: "✅ WebSocket client connected: {n.client}",
        n.RequestAnswered: (
            "📥 POST /api/events - {n.status}\n   Type: {n.alert_type}\n"
            "   Device: {n.device_id}\n   Event ID: {n.event_id}"
        ),
        n.RequestRefused: "⛔ POST /api/events - {n.status}\n   Reason: {n.reason}",
        n.AlertEmitted: "📤 WebSocket emit: {n.alert_type} → {n.clients} clients",
    }
)
