"""How much memory a packed Arrow stream takes once it is unpacked: asked before, as 64 MB can unpack to terabytes.

Arrow reads a batch whole or not at all and knows no limit, so its description is looked through: a flatbuffer, whose
layout is that of Arrow's `Message.fbs`. A packed buffer begins with its length unpacked (`BodyCompression` there).
"""

from __future__ import annotations

import struct

import pyarrow as pa

from watchkeeper.domain.errors import InputError

_HEADER, _DATA, _BUFFERS, _COMPRESSION = 2, 1, 2, 3
"""Fields, by number: of a message; of a dictionary in it; of the batch in that."""
_KINDS = ("record batch", "dictionary")


def refuse_above(body: bytes, most: int) -> None:
    """InputError where the packed buffers of an Arrow IPC stream are more than `most` bytes once they are unpacked.

    Raises pa.ArrowException and OSError where it is no such stream.
    """
    total = 0
    for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(body)):
        if message.type in _KINDS:
            try:
                total += _unpacked(message)
            except (struct.error, IndexError):
                raise InputError("push: the body is no Arrow IPC stream: a batch is described wrongly") from None
        if total > most:
            raise InputError(f"push: the stream unpacks to more than {most >> 20} MB; send fewer points at once")


def _unpacked(message: pa.ipc.Message) -> int:
    """Bytes of a message's buffers once they are unpacked; 0 where they are not packed."""
    meta, body = memoryview(message.metadata), memoryview(message.body)
    batch = _table(meta, _field(meta, _table(meta, 0), _HEADER))
    if message.type == "dictionary":
        batch = _table(meta, _field(meta, batch, _DATA))
    if not _field(meta, batch, _COMPRESSION):
        return 0
    vector = _table(meta, _field(meta, batch, _BUFFERS))
    (count,) = struct.unpack_from("<I", meta, vector)
    total = 0
    for number in range(count):
        at, length = struct.unpack_from("<qq", meta, vector + 4 + 16 * number)
        if length:
            total += max(0, struct.unpack_from("<q", body, at)[0])  # -1: this one was left as it is
    return total


def _table(meta: memoryview, place: int) -> int:
    """Where a table or vector stands that `place` points to."""
    return place + int(struct.unpack_from("<I", meta, place)[0])


def _field(meta: memoryview, table: int, number: int) -> int:
    """Where a field of a table stands; 0 where it was left out."""
    fields = table - struct.unpack_from("<i", meta, table)[0]
    (size,) = struct.unpack_from("<H", meta, fields)
    entry = 4 + 2 * number
    offset = struct.unpack_from("<H", meta, fields + entry)[0] if entry < size else 0
    return table + int(offset) if offset else 0
