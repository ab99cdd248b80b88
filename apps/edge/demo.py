"""`python -m apps.edge --demo`: everything on one machine, with no hardware at all.

An embedded broker, simulated sensors, a synthetic camera (or the one that the
configuration names), an embedded backend and the page; each part that is simulated is
named as such. All of it listens on loopback only.
"""

import os
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import attrs

from apps.backend import config as backend_config
from apps.backend.composition import backend
from apps.edge.checklist import Checklist, ChecklistPrinter, listening
from apps.edge.config import EdgeSettings
from apps.edge.loops import Step
from apps.edge.services import EdgeServices
from surveil_adapters.simulation.demo import demo_steps
from surveil_adapters.simulation.player import play
from surveil_core.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
DATA_DIR = Path("data/demo")

_TEXT = {
    "fr": """
🧪 DÉMONSTRATION: broker embarqué, capteurs SIMULÉS, caméra {camera}, backend embarqué.
   Page:     {page}
   Backend:  {backend}
   Données:  {data}
   Un mouvement simulé arrive dans quelques secondes; les suivants toutes les 20 à 40 s.
   Appuyer vous-même, dans un autre terminal: {python} -m apps.edge --demo press button
   (Ctrl+C pour arrêter)
""",
    "en": """
🧪 DEMONSTRATION: embedded broker, SIMULATED sensors, {camera} camera, embedded backend.
   Page:     {page}
   Backend:  {backend}
   Data:     {data}
   A simulated motion comes in a few seconds; more follow every 20 to 40 s.
   Press yourself, in another terminal: {python} -m apps.edge --demo press button
   (Ctrl+C to stop)
""",
}


def demo_settings(settings: EdgeSettings) -> EdgeSettings:
    """Turn settings into the demo's: what would need hardware is simulated."""
    cameras = [
        attrs.evolve(camera, source="synthetic") if camera.source == "auto" else camera
        for camera in settings.cameras
    ]
    data_dir = settings.storage.data_dir
    if data_dir == type(settings.storage)().data_dir:
        data_dir = DATA_DIR
    return attrs.evolve(
        settings,
        gpio=attrs.evolve(settings.gpio, backend="simulated"),
        cameras=tuple(cameras),
        storage=attrs.evolve(settings.storage, data_dir=data_dir),
    )


@contextmanager
def demo(services: EdgeServices) -> Iterator[str]:
    """Bring up the broker and the backend; yields what a visitor is told.

    Changes `services.settings` to point at them.
    """
    settings = services.settings
    with _broker() as port:
        backend_settings = backend_config.BackendSettings(
            language=settings.language,
            devices=(
                backend_config.KnownDevice(
                    id=settings.device.id, location=settings.device.location
                ),
            ),
            storage=backend_config.Storage(data_dir=settings.storage.data_dir),
            web=backend_config.Web(port=free_port(backend_config.Web().port)),
            log=backend_config.Log(format=settings.log.format),
        )
        with backend(backend_settings, services.announcer, services.stop) as server:
            services.settings = attrs.evolve(
                settings,
                mqtt=attrs.evolve(settings.mqtt, host=LOOPBACK, port=port),
                bridge=attrs.evolve(settings.bridge, backend_url=f"{server.url}/api/events"),
                web=attrs.evolve(settings.web, host=LOOPBACK, port=free_port(settings.web.port)),
            )
            yield _TEXT[settings.language].format(
                camera=", ".join(
                    camera.source.partition(":")[0] for camera in services.settings.cameras
                ),
                page=page_url(services.settings),
                backend=server.url,
                data=settings.storage.data_dir,
                python=os.path.relpath(sys.executable),
            )


@contextmanager
def script(services: EdgeServices) -> Iterator[Step]:
    """Have things happen, on the step's own thread, for as long as the demo runs."""
    steps = demo_steps(services.settings.sensors, random.random)

    def play_to_the_end(_timeout_s: float) -> None:
        play(steps, board=services.board, clock=services.clock)

    yield play_to_the_end


@contextmanager
def checking(services: EdgeServices, checklist: Checklist, stream: TextIO) -> Iterator[Step]:
    """Show the spec's checklist once it is true."""
    printer = ChecklistPrinter(
        checklist=checklist,
        page_url=page_url(services.settings),
        broker_port=services.settings.mqtt.port,
        clock=services.clock,
        stream=stream,
    )
    with listening(checklist, services.settings.bridge.backend_url.removesuffix("/api/events")):
        yield printer.step


def page_url(settings: EdgeSettings) -> str:
    """Where the Pi's page is."""
    return f"http://{settings.web.host}:{settings.web.port}"


@contextmanager
def _broker() -> Iterator[int]:
    try:
        from iotcore import Broker
    except ImportError as error:
        raise ConfigurationError(
            "the demo's broker is not installed; run: pip install 'surveil[demo]'"
        ) from error
    port = free_port(1883)
    with Broker(port=port, listen=LOOPBACK, max_payload_size=256 * 1024):
        yield port


def free_port(wanted: int) -> int:
    """Say `wanted` if it is free on loopback, else a port that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise ConfigurationError(f"no free port on {LOOPBACK}; stop a program that listens there")
