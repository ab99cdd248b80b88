"""The Pi's settings, with the names and defaults others rely on (DESIGN, section 4)."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, field, frozen, validators

from apps import settings
from apps.edge.cameras import DEFAULT_NAME, fill_in_cameras
from surveil_core.errors import ConfigurationError
from surveil_core.events import SensorKind
from surveil_core.ports.media_store import VideoPlace
from surveil_core.ports.outbox import WhenFull
from surveil_core.ports.sensors import SensorSpec
from surveil_core.preroll import DEFAULT_RING_BYTES
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.retention import RetentionPolicy
from surveil_core.services.journaling import JournalQuota, WhenJournalFull
from surveil_core.video import VideoFormat
from surveil_core.vocabulary import FACTS_BY_KIND

_PORT = [validators.ge(0), validators.le(65535)]
_PULL_BY_KIND = {SensorKind.MOTION: "down", SensorKind.BUTTON: "up", SensorKind.PRESSURE: "up"}


@frozen(kw_only=True)
class Device:
    """Who this Pi is."""

    id: str = field(default="raspberry-1", validator=validators.matches_re(r"[\w.:-]{1,64}"))
    location: str = "Entrée"


@frozen(kw_only=True)
class Mqtt:
    """Where the broker is."""

    host: str = "127.0.0.1"
    port: int = field(default=1883, validator=_PORT)
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


@frozen(kw_only=True)
class Gpio:
    """Real lines, or simulated ones that `press` or a recorded `trace` drives."""

    backend: str = field(default="gpiozero", validator=validators.in_(("gpiozero", "simulated")))
    trace: Path | None = None
    trace_speed: float = field(default=1.0, validator=validators.gt(0))


@frozen(kw_only=True)
class Bridge:
    """Where events go."""

    backend_url: str = field(
        default="http://backend:8000/api/events",
        validator=validators.matches_re(r"https?://([^/@]+@)?[^/:@]+(:\d+)?(/.*)?"),
    )
    token_file: Path | None = None


@frozen(kw_only=True)
class Camera:
    """What films. `mode` "on-demand" keeps the camera off until a trigger.

    `sensors` names those that it films; without, it films all that no other camera does.
    """

    source: str = "auto"
    resolution: str = "1280x720"
    fps: int = 15
    mode: CameraMode = CameraMode.STANDBY
    name: str = DEFAULT_NAME.format(number=1)
    sensors: tuple[str, ...] = ()
    format: VideoFormat = field(
        init=False, default=Factory(lambda x: VideoFormat.parse(x.resolution, x.fps), True)
    )


@frozen(kw_only=True)
class Recording:
    """How long a clip is, what the pictures before it may take, and the pause after it."""

    pre_roll_s: float = 3.0
    duration_s: float = 10.0
    max_duration_s: float = 120.0
    cooldown_s: float = 0.0
    max_ring_bytes: int = field(default=DEFAULT_RING_BYTES, validator=validators.ge(64 * 1024))
    policy: RecordingPolicy = field(
        init=False,
        default=Factory(
            lambda x: RecordingPolicy(
                pre_roll_s=x.pre_roll_s,
                duration_s=x.duration_s,
                max_duration_s=x.max_duration_s,
                cooldown_s=x.cooldown_s,
            ),
            True,
        ),
    )


def _absolute(path: Path) -> Path:
    """Opening GPIO changes the working directory for a moment: no path may depend on it."""
    return path.absolute()


@frozen(kw_only=True)
class Storage:
    """Where everything lies: surveillance.db, the spool, the simulated sensors' socket.

    New `videos` go into the database or into files beside it; those of both places are shown.
    The oldest videos are deleted beyond `max_bytes`, to which clips in the spool add, and
    `max_age_days`, and when the disk has less than `min_free_bytes` free (by default a twentieth
    of it, 1 GiB at most).
    """

    data_dir: Path = field(default=Path("/data"), converter=_absolute)
    videos: VideoPlace = VideoPlace.DATABASE
    max_bytes: int | None = None
    max_age_days: float | None = None
    min_free_bytes: int | None = None
    retention: RetentionPolicy = field(
        init=False,
        default=Factory(
            lambda x: RetentionPolicy(
                max_bytes=x.max_bytes,
                max_age_days=x.max_age_days,
                min_free_bytes=x.min_free_bytes,
            ),
            True,
        ),
    )

    @property
    def database(self) -> Path:
        """The database file of the spec."""
        return self.data_dir / "surveillance.db"

    @property
    def spool(self) -> Path:
        """Where clips lie until they are stored; of further cameras, in folders of their own."""
        return self.data_dir / "spool"

    @property
    def outbox(self) -> Path:
        """Where the bridge keeps what the backend does not have yet."""
        return self.data_dir / "outbox.db"


@frozen(kw_only=True)
class Journal:
    """How much a sensor service keeps for an absent broker, and what it does then."""

    max_bytes: int = 64 * 1024 * 1024
    when_full: WhenJournalFull = WhenJournalFull.REFUSE_NEW
    quota: JournalQuota = field(
        init=False,
        default=Factory(lambda x: JournalQuota(max_bytes=x.max_bytes, when_full=x.when_full), True),
    )


@frozen(kw_only=True)
class Outbox:
    """How much the bridge keeps for an absent backend, and what it does then."""

    max_bytes: int = field(default=256 * 1024 * 1024, validator=validators.ge(1024 * 1024))
    when_full: WhenFull = WhenFull.HOLD


@frozen(kw_only=True)
class Web:
    """Where the Pi's own page listens.

    There is no log-in, so beyond loopback it only shows, unless `allow_pins`.
    """

    host: str = "127.0.0.1"
    port: int = field(default=8080, validator=_PORT)
    allowed_hosts: tuple[str, ...] = ()
    allow_pins: bool = False

    @property
    def takes_pins(self) -> bool:
        """Whether videos can be pinned by whoever reaches the port."""
        return self.allow_pins or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; a name may be anybody's, but for `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@frozen(kw_only=True)
class Log:
    """Sentences for a person, or a JSON object a line."""

    format: str = field(default="console", validator=validators.in_(("console", "json")))


@frozen(kw_only=True)
class EdgeSettings:
    """Everything `python -m apps.edge` can be told."""

    language: str = field(default="fr", validator=validators.in_(("fr", "en")))
    device: Device = Device()
    mqtt: Mqtt = Mqtt()
    gpio: Gpio = Gpio()
    sensors: tuple[SensorSpec, ...] = ()
    journal: Journal = Journal()
    bridge: Bridge = Bridge()
    outbox: Outbox = Outbox()
    camera: Camera = Camera()
    """A single camera as it is written. The program looks at `cameras`, in either form."""
    cameras: tuple[Camera, ...] = Factory(lambda x: (x.camera,), takes_self=True)
    recording: Recording = Recording()
    storage: Storage = Storage()
    web: Web = Web()
    log: Log = Log()


def load(file: Path | None, environment: Mapping[str, str]) -> EdgeSettings:
    """Read the settings. Raises `ConfigurationError` naming every fault."""
    loaded = settings.load(EdgeSettings, file=file, environment=environment, defaults=_fill_in)
    _check_distinct("sensors", "pin", [sensor.pin for sensor in loaded.sensors])
    _check_distinct("sensors", "name", [sensor.name for sensor in loaded.sensors])
    _check_distinct("cameras", "name", [camera.name for camera in loaded.cameras])
    return loaded


def _check_distinct(section: str, key: str, values: list[Any]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ConfigurationError(
                f"{section}: {key} {value!r} is given to {values.count(value)} {section}; "
                f"give each its own {key}"
            )


def _fill_in(document: dict[str, Any]) -> None:
    _fill_in_sensors(document)
    fill_in_cameras(document)


def _fill_in_sensors(document: dict[str, Any]) -> None:
    location = document.get("device", {}).get("location", Device().location)
    sensors = document.setdefault("sensors", [{"kind": kind.value} for kind in SensorKind])
    for sensor in sensors:
        kind = _kind_of(sensor)
        sensor.setdefault("name", FACTS_BY_KIND[kind].default_name)
        sensor.setdefault("pin", FACTS_BY_KIND[kind].default_pin)
        sensor.setdefault("location", location)
        sensor.setdefault("pull", _PULL_BY_KIND[kind])
        sensor.setdefault("active_high", sensor["pull"] != "up")


def _kind_of(sensor: dict[str, Any]) -> SensorKind:
    kinds = [kind.value for kind in SensorKind]
    kind = str(sensor.get("kind", ""))
    if kind not in kinds:
        raise ConfigurationError(f"sensors: kind is {kind!r}; {settings.nearest(kind, kinds)}")
    return SensorKind(kind)
