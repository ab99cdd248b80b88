"""What waits between the network loop and the service, and how much of it."""

import paho.mqtt.client as paho

from surveil_adapters.mqtt.waiting_room import (
    MAX_QOS_0_WAITING,
    MAX_WAITING_BYTES,
    MAX_WAITING_MESSAGES,
    WaitingRoom,
)


def message(payload: bytes = b"x", *, qos: int = 1) -> paho.MQTTMessage:
    made = paho.MQTTMessage(mid=1, topic=b"sensor/motion")
    made.payload, made.qos = payload, qos
    return made


def test_first_refusal_at_qos_0_is_to_be_told_once() -> None:
    """The next telling comes after the room has been empty."""
    room, connection = WaitingRoom(), object()
    told = [room.put(connection, message(qos=0)) for _ in range(MAX_QOS_0_WAITING + 3)]
    assert told == [False] * MAX_QOS_0_WAITING + [True, False, False]
    assert (len(room), room.refused_messages) == (MAX_QOS_0_WAITING, 3)
    room.take(0, MAX_QOS_0_WAITING)
    room.take(0, 1)
    again = [room.put(connection, message(qos=0)) for _ in range(MAX_QOS_0_WAITING + 1)]
    assert again[-1] is True


def test_qos_1_is_never_refused_but_reading_stops() -> None:
    """The broker keeps what is not read; what was read stays."""
    room, connection = WaitingRoom(), object()
    for _ in range(MAX_WAITING_MESSAGES):
        assert room.has_room()
        room.put(connection, message())
    assert not room.has_room()
    room.put(connection, message())
    taken, left = room.take(0, 2)
    assert (len(taken), left) == (2, MAX_WAITING_MESSAGES - 1)
    assert room.has_room()


def test_reading_stops_at_a_number_of_bytes_too() -> None:
    """A few great messages fill the room as well as many small ones."""
    room, connection = WaitingRoom(), object()
    room.put(connection, message(bytes(MAX_WAITING_BYTES)))
    assert not room.has_room()
    room.take(0, 1)
    assert room.has_room()
    room.put(connection, message(bytes(MAX_WAITING_BYTES)))
    room.clear()
    assert room.has_room()
