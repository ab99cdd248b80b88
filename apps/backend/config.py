"""The backend's settings (DESIGN, section 4)."""

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen, validators

from apps import settings


@frozen(kw_only=True)
class KnownDevice:
    """A Pi, and where it hangs: browsers show `location` beside its alerts."""

    id: str
    location: str


@frozen(kw_only=True)
class Storage:
    """Where `backend.db` lies."""

    data_dir: Path = Path("/data")

    @property
    def database(self) -> Path:
        """The backend's own database file."""
        return self.data_dir / "backend.db"


@frozen(kw_only=True)
class Web:
    """Where the backend listens."""

    host: str = "127.0.0.1"
    port: int = field(default=8000, validator=[validators.ge(0), validators.le(65535)])
    allowed_hosts: tuple[str, ...] = ()


@frozen(kw_only=True)
class Log:
    """Sentences for a person, or a JSON object a line."""

    format: str = field(default="console", validator=validators.in_(("console", "json")))


@frozen(kw_only=True)
class BackendSettings:
    """Everything `python -m apps.backend` can be told."""

    language: str = field(default="fr", validator=validators.in_(("fr", "en")))
    devices: tuple[KnownDevice, ...] = (KnownDevice(id="raspberry-1", location="Entrée"),)
    storage: Storage = Storage()
    web: Web = Web()
    log: Log = Log()


def load(file: Path | None, environment: Mapping[str, str]) -> BackendSettings:
    """Read the settings. Raises `ConfigurationError` naming every fault."""
    return settings.load(BackendSettings, file=file, environment=environment)
