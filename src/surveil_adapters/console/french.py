"""The spec's lines (flux-mqtt.md, "Logs typiques"), and ours in the same manner."""

from surveil_adapters.console.words import Words, banner, kilobytes, seconds
from surveil_core import notices as n
from surveil_core.debounce import Verdict

_SENSOR_TITLE = {
    "motion": "Service Capteur de Mouvement",
    "button": "Service Capteur de Bouton",
    "pressure": "Service Capteur de Pression",
}
_WAITING_FOR = {"motion": "de mouvement", "button": "d'un appui", "pressure": "d'une pression"}
_DETECTED = {
    "motion": "Mouvement détecté!",
    "button": "Bouton appuyé!",
    "pressure": "Pression détectée!",
}
_IGNORED = {
    Verdict.TOO_SOON: "trop proche du précédent",
    Verdict.WARMING_UP: "capteur en préchauffage",
    Verdict.RELEASED: "relâché",
    Verdict.ACCEPTED: "accepté",
}


def _sensor_starting(x: n.SensorStarting) -> str:
    simulated = "\n🧪 Capteur SIMULÉ (aucune broche réelle)" if x.simulated else ""
    return f"{banner(_SENSOR_TITLE[x.kind], indent=14)}{simulated}".rstrip("\n")


def _connecting(x: n.BrokerConnecting) -> str:
    text = "🔌 Connexion au broker MQTT..."
    if x.service.startswith("sensor") and x.attempt == 1:
        return f"\n{text}"
    return f"\n{text} (tentative {x.attempt}/{max(x.attempt, x.logged_attempts)})"


def _connection_failed(x: n.BrokerConnectionFailed) -> str:
    text = f"❌ Broker injoignable: {x.host}:{x.port} ({x.reason})"
    if x.attempt == 10:
        text += "\n   → on réessaie sans fin ; seule une tentative sur dix est encore affichée"
    return text


def _surveillance_starting(x: n.SurveillanceStarting) -> str:
    return (
        f"{banner(f'Service Surveillance - {x.device_id}', indent=9)}\n"
        f"📡 MQTT Broker: {x.broker}\n"
        f"📹 Topics: {', '.join(x.topics)}\n"
        f"⏱️  Durée enregistrement: {seconds(x.duration_s)}\n"
        f"💾 Base de données: {x.database}"
    )


def _beginning(x: n.ClipCaptured) -> str:
    if x.start_delay_s > 0:
        return f"commence {x.start_delay_s:.1f}s après l'événement"
    return f"dont {x.pre_roll_s:.1f}s avant l'événement"


def _missing(x: n.ClipCaptured) -> str:
    return f", {x.missing_s:.1f}s manquent" if x.missing_s else ""


WORDS = Words(
    {
        n.BrokerConnecting: _connecting,
        n.BrokerConnected: "✅ Connecté au broker MQTT",
        n.BrokerConnectionFailed: _connection_failed,
        n.BrokerConnectionLost: "⚠️  Connexion au broker perdue: {n.host}:{n.port} ({n.reason})",
        n.ClientIdContested: (
            "⚠️  {n.young_closes} connexions de suite fermées aussitôt par le broker "
            "{n.host}:{n.port}\n"
            "   → un autre programme utilise peut-être le client id {n.client_id} ; "
            "n'en laisser tourner qu'un seul"
        ),
        n.TopicsSubscribed: "📥 Abonné aux topics",
        n.MessageRefused: (
            "⛔ Message refusé sur {n.topic} ({n.payload_bytes} octets)\n   Raison: {n.reason}"
        ),
        n.MessagesOverflowing: (
            "⚠️  Messages QoS 0 refusés sur {n.topic}: {n.waiting_messages} attendent déjà "
            "(refusés jusqu'ici: {n.refused_messages})"
        ),
        n.ServiceFailed: lambda x: (
            f"💥 Service {x.service} en échec: {x.reason}\n"
            f"   → redémarrage dans {seconds(x.retry_in_s)}"
        ),
        n.HeartbeatFailed: "⚠️  Signe de vie impossible pour {n.service}: {n.reason}",
        n.ServiceStopped: "🛑 Service {n.service} arrêté",
        n.StoreFailed: lambda x: (
            f"❌ Base de données indisponible: {x.reason}\n"
            f"   → l'événement est gardé, nouvel essai dans {seconds(x.retry_in_s)}"
        ),
        n.FileUnreadable: (
            "⚠️  Compteurs illisibles: {n.reason}\n   → ceux de {n.path} manquent à /metrics"
        ),
        n.FileReadable: "✅ Compteurs de nouveau lisibles: {n.path}",
        n.SensorStarting: _sensor_starting,
        n.SensorReady: lambda x: f"👀 En attente {_WAITING_FOR[x.kind]}... ({x.sensor_name})",
        n.NoSensor: lambda x: (
            f"⚠️  Aucun capteur {x.kind} n'est configuré"
            + (": les événements d'un ancien partent encore" if x.left_over else "")
        ),
        n.SensorFailed: lambda x: (
            f"❌ Capteur indisponible: {x.reason}\n   → nouvel essai dans {seconds(x.retry_in_s)}"
        ),
        n.EdgeIgnored: lambda x: f"   (front ignoré sur {x.sensor_name}: {_IGNORED[x.verdict]})",
        n.SensorChattering: (
            "⚠️  {n.sensor_name} crépite: {n.ignored_edges} fronts ignorés après un seul "
            "événement\n   → fil lâche ou contact usé ? Les fronts suivants sont comptés, "
            "pas affichés"
        ),
        n.SensorCalm: "✅ {n.sensor_name} ne crépite plus ({n.ignored_edges} fronts ignorés)",
        n.EdgesLost: lambda x: (
            f"⚠️  {x.lost_edges} fronts perdus: la file de {x.queue_edges} était pleine"
        ),
        n.EventDetected: lambda x: (
            f"\n🚨 {_DETECTED[x.kind]}\n   Event ID: {x.event_id}\n   GPIO Pin: {x.gpio_pin}"
        ),
        n.EventPublished: lambda x: (
            f"📤 Message publié sur {x.topic}\n\n"
            f"⏸️  En attente de {x.min_interval_s:.1f}s avant prochaine détection..."
        ),
        n.EventKept: lambda x: (
            "🕓 Message au journal, publié dès que le broker le prend\n\n"
            f"⏸️  En attente de {x.min_interval_s:.1f}s avant prochaine détection..."
        ),
        n.JournalFull: lambda x: (
            f"⚠️  Journal plein ({x.limit}): "
            f"{'le plus ancien est perdu' if x.kept_new else 'le nouvel événement est perdu'} "
            f"(perdus jusqu'ici: {x.given_up_events})"
        ),
        n.BridgeStarting: lambda x: (
            f"{banner('MQTT → HTTP Bridge', indent=20)}\n"
            f"📡 Topics MQTT: {', '.join(x.topics)}\n🌐 Backend URL: {x.backend_url}"
        ),
        n.BridgeReady: "\n✅ Service bridge démarré\n🌉 En attente d'événements MQTT...",
        n.MessageReceived: (
            "\n📨 Message reçu sur {n.topic}\n   Event ID: {n.event_id}\n"
            "   Type original: {n.event_type}\n   Type converti: {n.alert_type}"
        ),
        n.PostStarting: "🌐 Envoi HTTP POST vers {n.backend_url}",
        n.PostDelivered: "✅ Événement envoyé avec succès au backend\n   Status: {n.status}",
        n.PostRefused: (
            "⛔ Événement {n.event_id} refusé par le backend\n   URL: {n.backend_url}\n"
            "   Status: {n.status}\n   Raison: {n.reason}\n"
            "   → gardé aux lettres mortes"
        ),
        n.BulkStarting: (
            "🌐 Envoi groupé de {n.events} événements de {n.device_id} vers {n.backend_url}"
        ),
        n.BulkDeclined: (
            "   Envoi groupé non pris par {n.backend_url}: {n.reason}\n   → un par un"
        ),
        n.BulkDelivered: (
            "✅ Envoi groupé de {n.device_id}: {n.delivered} livrés, {n.refused} refusés"
        ),
        n.LettersDropped: (
            "⚠️  Trop de lettres mortes: les {n.letters} plus anciennes sont perdues"
        ),
        n.OutboxFull: (
            "⚠️  Boîte d'envoi pleine: {n.held_events} événements laissés au broker, "
            "{n.dropped_events} en attente perdus, {n.dropped_letters} lettres mortes perdues"
        ),
        n.PostPostponed: lambda x: (
            f"❌ Erreur HTTP: {x.reason}\n   URL: {x.backend_url}\n"
            f"   → l'événement {x.event_id} est GARDÉ, nouvel essai dans {seconds(x.retry_in_s)}"
        ),
        n.SurveillanceStarting: _surveillance_starting,
        n.DatabaseOpening: "\n📊 Initialisation de la base de données...",
        n.DatabaseReady: "✅ Base de données initialisée",
        n.SurveillanceReady: (
            "\n✅ Service de surveillance démarré\n👀 En attente d'événements...\n"
            "   (Ctrl+C pour arrêter)"
        ),
        n.EventReceived: (
            "\n🚨 Événement reçu: {n.event_type}\n   Event ID: {n.event_id}\n   Topic: {n.topic}"
        ),
        n.EventStored: "✅ Événement enregistré (ID: {n.row_id})",
        n.RepeatsIgnored: "   (répétitions ignorées: {n.messages})",
        n.RecordingStarted: lambda x: (
            f"\n📹 Démarrage enregistrement vidéo...\n   Fichier: {x.spool_path}\n"
            f"   Durée: {seconds(x.duration_s)}"
        ),
        n.RecordingExtended: lambda x: (
            f"📹 Enregistrement prolongé: encore {seconds(x.remaining_s)} ({x.event_id})"
        ),
        n.CameraTrying: "   Tentative avec {n.source}...",
        n.CameraRejected: "   ⚠️  {n.source} non disponible: {n.reason}",
        n.CameraReady: lambda x: (
            f"   🎥 Caméra prête: {x.source}"
            + (" (image SIMULÉE)" if x.simulated else "")
            + f", en {x.start_s:.1f}s"
        ),
        n.CameraLost: lambda x: (
            f"❌ Caméra indisponible: {x.reason}\n"
            f"   → les événements continuent, nouvel essai dans {seconds(x.retry_in_s)}"
        ),
        n.ClipCaptured: lambda x: (
            f"   ✅ Capturé avec {x.source}\n✅ Enregistrement terminé "
            f"({x.duration_s:.1f}s, {_beginning(x)}{_missing(x)})\n"
            f"💾 Vidéo capturée: {x.clip_bytes} bytes"
        ),
        n.ClipStored: lambda x: (
            f"✅ Vidéo enregistrée (ID: {x.row_id})\n   Taille: {kilobytes(x.clip_bytes)}"
        ),
        n.ClipFailed: lambda x: (
            f"❌ Vidéo impossible pour {x.event_id}: {x.reason}"
            + (f"\n   Conservé: {x.kept_path}" if x.kept_path else "")
        ),
        n.PreviewFailed: (
            "⚠️  Pas d'aperçu pour {n.event_id}: {n.reason}\n"
            "   → sa vidéo est enregistrée sans aperçu"
        ),
        n.VideosGivenUp: (
            "🗑️  {n.videos} vidéos les plus anciennes effacées pour faire de la place "
            "({n.freed_bytes} octets)"
        ),
        n.OrphansRemoved: (
            "🧹 Fichiers vidéo laissés par une coupure supprimés ({n.freed_bytes} octets)"
        ),
        n.AgesUnknown: (
            "⚠️  L'heure n'est pas synchronisée (NTP): aucune vidéo n'est effacée parce "
            "qu'elle a plus de {n.max_age_days:g} jours"
        ),
        n.SpaceShort: (
            "⚠️  {n.missing_bytes} octets de trop, ou qui manquent sur le disque: "
            "toutes les vidéos non épinglées sont effacées"
        ),
        n.ClipPostponed: lambda x: (
            f"🕓 Vidéo pas encore enregistrée pour {x.event_id or 'le spool'}: {x.reason}\n"
            f"   → elle est GARDÉE, nouvel essai dans {seconds(x.retry_in_s)}"
        ),
        n.ClipCutShort: (
            "✂️  Vidéo écourtée pour {n.event_id}: {n.reason}\n   → ce qui est filmé est gardé"
        ),
        n.SpoolFileRemoved: "🧹 Fichier supprimé du spool: {n.path}\n   Raison: {n.reason}",
        n.SpoolFileSetAside: (
            "📦 Film mis de côté, et GARDÉ: {n.path}\n   Raison: {n.reason}\n"
            "   → à regarder (`ffplay`), puis à effacer: rien d'autre ne le fera"
        ),
        n.WebReady: "Server running on port {n.port}\n🖥️  {n.url}",
        n.BrowserConnected: "✅ WebSocket client connected: {n.client}",
        n.RequestAnswered: (
            "📥 POST /api/events - {n.status}\n   Type: {n.alert_type}\n"
            "   Device: {n.device_id}\n   Event ID: {n.event_id}"
        ),
        n.RequestRefused: "⛔ POST /api/events - {n.status}\n   Raison: {n.reason}",
        n.AlertEmitted: "📤 WebSocket emit: {n.alert_type} → {n.clients} clients",
    }
)
