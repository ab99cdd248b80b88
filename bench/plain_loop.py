"""The baseline: the chain as tutorials have it, with nothing kept anywhere.

    python -m bench.plain_loop bridge BROKER_HOST BROKER_PORT URL [TOPIC [SESSION]]
    python -m bench.plain_loop backend PORT

The bridge posts from paho's callback; with SESSION, a client id, the broker keeps what comes
while it is away. The backend emits what it is posted, at once.
"""

import json
import sys
from typing import Any

import paho.mqtt.client as paho
import requests
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "plain/motion"
READY = "ready"


def bridge(host: str, port: int, url: str, topic: str = TOPIC, session: str = "") -> None:
    """Carry messages for ever."""

    def on_connect(client: paho.Client, *_: Any) -> None:
        client.subscribe(topic, qos=1)

    def on_subscribe(*_: Any) -> None:
        print(READY)

    def on_message(_client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        event = json.loads(message.payload)
        body = {"type": "motion_detected", "device_id": event["device_id"], "details": event}
        try:
            requests.post(url, json=body, timeout=10).raise_for_status()
        except requests.RequestException as error:
            print(f"lost: {error}")

    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=session or None, clean_session=not session
    )
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect(host, port)
    client.loop_forever()


def backend(port: int) -> None:
    """Serve for ever."""
    import socketio  # late: the bridge, whose memory is measured, has no use for a server
    import uvicorn

    server = socketio.AsyncServer(async_mode="asgi")

    async def take(_scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        event = json.loads(body)
        await server.emit(event["type"], event)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    app = socketio.ASGIApp(server, other_asgi_app=take)
    uvicorn.run(app, host="127.0.0.1", port=port, ws="websockets-sansio", log_level="warning")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["bridge", host, port, url, *rest] if len(rest) <= 2:
            bridge(host, int(port), url, *rest)
        case ["backend", port]:
            backend(int(port))
        case _:
            sys.exit(__doc__)
