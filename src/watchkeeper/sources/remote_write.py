"""Prometheus remote write 1.0: a snappy block of a protobuf `WriteRequest` becomes samples.

The message is small (prometheus/prometheus, prompb/remote.proto: timeseries = 1; labels = 1, samples = 2; name = 1,
value = 2; value = 1 double, timestamp = 2 int64 milliseconds), so its wire format is read here; other fields are
skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.samples import How, Sample

_NAME = "__name__"
_STALE = 0x7FF0000000000002
"""The bits of Prometheus's staleness marker: the series ended, which is no value."""
LARGEST = 64 << 20


def read_write_request(body: bytes, how: Callable[[str], How | None]) -> list[Sample]:
    """The samples of the series whose name `how` knows (it says what they are); InputError for a body that is none."""
    import cramjam

    try:
        if _length(body) > LARGEST:
            raise InputError(f"remote write: the message is larger than {LARGEST >> 20} MB; send fewer samples at once")
        message = bytes(cramjam.snappy.decompress_raw(body))
        return [sample for one in _fields(message, 1) for sample in _series(one, how)]
    except (cramjam.DecompressionError, IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"remote write: the body is no snappy-packed WriteRequest: {error}") from None


def _series(message: bytes, how: Callable[[str], How | None]) -> Iterator[Sample]:
    labels = []
    for label in _fields(message, 1):
        texts = {number: value for number, value in _all(label) if isinstance(value, bytes)}
        labels.append((texts.get(1, b"").decode(), texts.get(2, b"").decode()))
    name = next((value for key, value in labels if key == _NAME), "")
    kind = how(name)
    if kind is None:
        return
    rest = tuple(sorted(pair for pair in labels if pair[0] != _NAME))
    for sample in _fields(message, 2):
        parts = dict(_all(sample))
        bits, at = parts.get(1, 0), parts.get(2, 0)
        if not isinstance(bits, int) or not isinstance(at, int):
            raise ValueError("a sample is not one")
        if bits != _STALE:
            (value,) = struct.unpack("<d", struct.pack("<Q", bits))
            yield Sample(name, rest, at - (1 << 64) if at >= 1 << 63 else at, value, kind)


def _fields(message: bytes, wanted: int) -> Iterator[bytes]:
    for number, value in _all(message):
        if number == wanted and isinstance(value, bytes):
            yield value


def _all(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message: numbers as they are on the wire, others as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if at + size > len(message):
                raise ValueError("the message ends early")
            yield number, int.from_bytes(message[at : at + size], "little")
            at += size
        elif wire == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("the message ends early")
            yield number, message[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {wire} is not of protobuf 3")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def _length(body: bytes) -> int:
    """How large the unpacked block says that it is."""
    return _varint(body, 0)[0]
