"""The baseline: the chain as tutorials have it, with nothing kept anywhere.

    python -m bench.plain_loop bridge BROKER_HOST BROKER_PORT URL
    python -m bench.plain_loop backend PORT

The bridge posts from paho's callback. The backend emits what it is posted, at once.
"""

import json
import sys
from typing import Any

import paho.mqtt.client as paho
import requests
import socketio
import uvicorn
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "plain/motion"
READY = "ready"


def bridge(host: str, port: int, url: str) -> None:
    """Carry messages for ever."""

    def on_connect(client: paho.Client, *_: Any) -> None:
        client.subscribe(TOPIC)

    def on_subscribe(*_: Any) -> None:
        print(READY)

    def on_message(_client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        body = {"type": "motion_detected", "details": json.loads(message.payload)}
        requests.post(url, json=body, timeout=10)

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect(host, port)
    client.loop_forever()


def backend(port: int) -> None:
    """Serve for ever."""
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
        case ["bridge", host, port, url]:
            bridge(host, int(port), url)
        case ["backend", port]:
            backend(int(port))
        case _:
            sys.exit(__doc__)
