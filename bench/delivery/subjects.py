"""The bridges that are measured: a row each of a table, with how to start it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from bench.delivery import node_red
from bench.delivery.load import TOPIC
from bench.delivery.peers import mqttwarn_command, node_red_command
from bench.processes import environment_with, python
from tests.rig.brokers import Address


@frozen(kw_only=True)
class Place:
    """What a bridge is told: an empty folder of its own, the broker, where to post."""

    folder: Path
    broker: Address
    url: str


@frozen(kw_only=True)
class Launch:
    """How a bridge is started, the first time and after a kill."""

    command: list[str]
    environment: Mapping[str, str] | None = None


@frozen(kw_only=True)
class Subject:
    """A bridge. `prepare` writes its files and may raise `peers.Absent`.

    `keeps_waiting` says that it means to keep events while the backend is down.
    """

    name: str
    title: str
    prepare: Callable[[Place], Launch]
    keeps_waiting: bool = False


def _plain(place: Place) -> Launch:
    return Launch(command=_plain_command(place))


def _plain_persistent(place: Place) -> Launch:
    return Launch(command=[*_plain_command(place), "plain-bridge"])


def _plain_command(place: Place) -> list[str]:
    broker = place.broker
    arguments = ("bridge", broker.host, str(broker.port), place.url, TOPIC)
    return python("bench.plain_loop", *arguments)


def _ours(place: Place) -> Launch:
    settings: dict[str, object] = {
        "MQTT__HOST": place.broker.host,
        "MQTT__PORT": place.broker.port,
        "BRIDGE__BACKEND_URL": place.url,
        "STORAGE__DATA_DIR": place.folder,
    }
    command = python("apps.edge", "run", "bridge")
    return Launch(command=command, environment=environment_with(settings))


def _node_red(place: Place) -> Launch:
    return _node_red_with(place, retries=False)


def _node_red_retry(place: Place) -> Launch:
    return _node_red_with(place, retries=True)


def _node_red_with(place: Place, *, retries: bool) -> Launch:
    program = node_red_command()
    settings = node_red.write_settings(place.folder, place.broker, place.url, retries=retries)
    return Launch(command=[*program, *settings])


_MQTTWARN_INI = """\
[defaults]
hostname = '{host}'
port = {port}
clientid = 'mqttwarn'
cleansession = False
protocol = 4
loglevel = WARNING
launch = http_urllib

[config:http_urllib]
targets = {{'backend': ['post', '{url}', None, None, True]}}

[events]
topic = {topic}
qos = 1
targets = http_urllib:backend
"""


def _mqttwarn(place: Place) -> Launch:
    """Forward messages as they are: its example configuration, with its HTTP service."""
    program = mqttwarn_command()
    broker = place.broker
    text = _MQTTWARN_INI.format(host=broker.host, port=broker.port, url=place.url, topic=TOPIC)
    file = place.folder / "mqttwarn.ini"
    file.write_text(text, encoding="utf-8")
    return Launch(command=program, environment=environment_with({}) | {"MQTTWARNINI": str(file)})


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(name="plain", title="plain paho + requests", prepare=_plain),
        Subject(
            name="plain-persistent", title="plain, persistent session", prepare=_plain_persistent
        ),
        Subject(name="ours", title="**ours**", prepare=_ours, keeps_waiting=True),
        Subject(name="node-red", title="Node-RED 4.1, usual flow", prepare=_node_red),
        Subject(
            name="node-red-retry",
            title="Node-RED 4.1, retry flow",
            prepare=_node_red_retry,
            keeps_waiting=True,
        ),
        Subject(name="mqttwarn", title="mqttwarn 0.36", prepare=_mqttwarn),
    )
}
BASELINE = "plain"
OURS = "ours"
