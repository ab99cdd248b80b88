"""The two flows that people draw in Node-RED for this leg, as its editor exports them.

usual    mqtt in -> function (the spec's body) -> http request
retry    the same, then a switch: what is not 2xx waits 5 s and goes to http request again
"""

import json
from pathlib import Path
from typing import Any

from bench.delivery.load import TOPIC
from tests.rig.brokers import Address, free_port

_BODY = """\
const event = msg.payload;
msg.body = {type: "motion_detected", device_id: event.device_id, details: event};
msg.payload = msg.body;
msg.headers = {"Content-Type": "application/json"};
return msg;
"""
_AGAIN = "msg.payload = msg.body; return msg;"
_RETRY_S = "5"


def write_settings(folder: Path, broker: Address, url: str, *, retries: bool) -> list[str]:
    """Write flow and settings into `folder`; return the arguments that make them used."""
    nodes = _usual_flow(broker, url)
    if retries:
        _add_retry(nodes)
    (folder / "flows.json").write_text(json.dumps(nodes), encoding="utf-8")
    settings = {
        "flowFile": "flows.json",
        "uiHost": "127.0.0.1",
        "uiPort": free_port(),
        "httpAdminRoot": False,
        "logging": {"console": {"level": "warn"}},
        "telemetry": {"enabled": False, "updateNotification": False},
    }
    file = folder / "settings.js"
    file.write_text(f"module.exports = {json.dumps(settings)}", encoding="utf-8")
    return ["--userDir", str(folder), "--settings", str(file)]


def _usual_flow(broker: Address, url: str) -> list[dict[str, Any]]:
    tab = {"id": "tab", "type": "tab", "label": "bridge"}
    server = {
        "id": "server",
        "type": "mqtt-broker",
        "broker": broker.host,
        "port": str(broker.port),
        "cleansession": True,
        "autoConnect": True,
        "protocolVersion": "4",
        "keepalive": "60",
    }
    inlet = {"type": "mqtt in", "topic": TOPIC, "qos": "1", "datatype": "json", "broker": "server"}
    body = {"type": "function", "func": _BODY, "outputs": 1}
    post = {"type": "http request", "method": "POST", "ret": "txt", "url": url}
    return [
        tab,
        server,
        _node("in", inlet, [["body"]]),
        _node("body", body, [["post"]]),
        _node("post", post, [[]]),
    ]


def _add_retry(nodes: list[dict[str, Any]]) -> None:
    nodes[-1]["wires"] = [["judge"]]
    judge = {
        "type": "switch",
        "property": "statusCode",
        "propertyType": "msg",
        "rules": [
            {"t": "btwn", "v": "200", "vt": "num", "v2": "299", "v2t": "num"},
            {"t": "else"},
        ],
        "checkall": "false",
        "outputs": 2,
    }
    wait = {"type": "delay", "pauseType": "delay", "timeout": _RETRY_S, "timeoutUnits": "seconds"}
    again = {"type": "function", "func": _AGAIN, "outputs": 1}
    nodes += [
        _node("judge", judge, [[], ["wait"]]),
        _node("wait", wait, [["again"]]),
        _node("again", again, [["post"]]),
    ]


def _node(name: str, settings: dict[str, Any], wires: list[list[str]]) -> dict[str, Any]:
    return {"id": name, "z": "tab", "name": name, "x": 0, "y": 0, "wires": wires} | settings
