"""`python -m apps.edge`: the Pi's program.

run [SERVICE ...]   sensor, sensor-motion, sensor-button, sensor-pressure, bridge,
                    surveillance, web; all of them if none is named
press NAME          press a simulated sensor of a running program
dead-letters        list what was refused; show, replay or discard NAME... (or all)
clips               list the stored videos; export, pin, unpin, delete or check ID... (or all)
counters            count what the bridge received and delivered, as Prometheus reads it
check               read the configuration and say whether it is right
"""

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from apps.commandline import EXIT_FAILED, EXIT_OK, announcer_for, exit_code_of, stop_on_signals
from apps.edge import clips, config, dead_letters
from apps.edge.loops import Service, ServiceLoop, run_until_stopped
from apps.edge.parts import EdgeParts
from apps.edge.replay import with_recorded_sensors
from apps.edge.services import SERVICE_NAMES, EdgeServices
from surveil_adapters.console import ConsoleAnnouncer
from surveil_adapters.simulation.control import SOCKET_NAME, send_command
from surveil_core.errors import ConfigurationError
from surveil_core.ports.announcer import Announcer

ALL_SERVICES = ["sensor", "bridge", "surveillance", "web"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    return exit_code_of(lambda: _command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m apps.edge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    parser.add_argument("--demo", action="store_true", help="no Pi, broker or camera needed")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser("run", help="run services")
    run.add_argument("services", nargs="*", metavar="SERVICE", choices=[*SERVICE_NAMES, []])
    press = commands.add_parser("press", help="press a simulated sensor")
    press.add_argument("name", help="a sensor's name, or motion, button, pressure")
    letters = commands.add_parser("dead-letters", help="deal with refused messages")
    letters.add_argument("action", choices=dead_letters.ACTIONS, nargs="?", default="list")
    letters.add_argument("names", nargs="*", metavar="NAME", help="such as bridge-3, or all")
    clips.add_arguments(commands.add_parser("clips", help="deal with stored videos"))
    commands.add_parser("counters", help="print the bridge's counters")
    commands.add_parser("check", help="check the configuration")
    return parser


def _command(options: argparse.Namespace) -> int:
    settings = config.load(options.config, os.environ)
    if options.demo:
        from apps.edge.demo import demo_settings

        settings = demo_settings(settings)
    settings = with_recorded_sensors(settings)
    parts = EdgeParts(
        settings=settings, stop=threading.Event(), announcer=ConsoleAnnouncer(sys.stdout)
    )
    if options.command == "check":
        parts.verify(ALL_SERVICES)
        sys.stdout.write("configuration: ok\n")
        return EXIT_OK
    if options.command == "dead-letters":
        is_done = dead_letters.run(parts, options.action, options.names)
        return EXIT_OK if is_done else EXIT_FAILED
    if options.command == "clips":
        return EXIT_OK if clips.run(parts, options) else EXIT_FAILED
    if options.command == "counters":
        return _count(settings)
    if options.command == "press":
        answer = send_command(settings.storage.data_dir / SOCKET_NAME, f"press {options.name}")
        sys.stdout.write(f"{answer}\n")
        return EXIT_OK
    return _run(settings, getattr(options, "services", []) or ALL_SERVICES, with_demo=options.demo)


def _count(settings: config.EdgeSettings) -> int:
    """Print what can be counted; what cannot is said beside it, and a failure."""
    announcer = announcer_for(settings.log.format, settings.language, sys.stderr)
    parts = EdgeParts(settings=settings, stop=threading.Event(), announcer=announcer)
    sys.stdout.write(parts.metrics().decode())
    return EXIT_FAILED if parts.file_counting.unreadable else EXIT_OK


def _run(settings: config.EdgeSettings, names: list[str], *, with_demo: bool) -> int:
    announcer = announcer_for(settings.log.format, settings.language, sys.stdout)
    if with_demo:
        return _run_demo(settings, names, announcer)
    services = EdgeServices(settings=settings, stop=stop_on_signals(), announcer=announcer)
    services.verify(names)
    return _run_services(services, services.named(names))


def _run_demo(settings: config.EdgeSettings, names: list[str], announcer: Announcer) -> int:
    from apps.edge.checklist import Checklist
    from apps.edge.demo import checking, demo, script

    checklist = Checklist(announcer)
    services = EdgeServices(settings=settings, stop=stop_on_signals(), announcer=checklist)
    with demo(services) as words:
        services.verify(names)
        sys.stdout.write(words)
        sys.stdout.flush()
        playing: dict[str, Service] = {
            "checklist": lambda: checking(services, checklist, sys.stdout)
        }
        if settings.gpio.trace is None:
            playing["script"] = lambda: script(services)
        return _run_services(services, services.named(names) | playing)


def _run_services(services: EdgeServices, named: dict[str, Service]) -> int:
    health_dir = _make_folders(services.settings.storage.data_dir)
    loops = [
        ServiceLoop(
            name=name,
            service=service,
            clock=services.clock,
            stop=services.stop,
            announcer=services.announcer,
            health_dir=health_dir,
        )
        for name, service in named.items()
    ]
    stuck = run_until_stopped(loops, services.stop, services.clock)
    if stuck:
        sys.stderr.write(f"did not stop within 10 s: {', '.join(stuck)}\n")
        return EXIT_FAILED
    return EXIT_OK


def _make_folders(data_dir: Path) -> Path:
    health_dir = data_dir / "health"
    try:
        health_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"storage.data_dir: cannot make {health_dir}: {error.strerror}; "
            "name a folder that this user may write, such as SURVEIL_STORAGE__DATA_DIR=~/surveil"
        ) from error
    return health_dir


if __name__ == "__main__":
    threading.current_thread().name = "main"
    sys.exit(main())
