"""MQTT 3.1.1 by paho-mqtt 2."""

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.inbox import PahoInbox
from surveil_adapters.mqtt.publisher import PahoPublisher

__all__ = ["BrokerAddress", "PahoInbox", "PahoPublisher"]
