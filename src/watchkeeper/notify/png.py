"""A drawn PNG made smaller without changing a pixel: it is stored fast by the library, and wanted small by phones."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SUB, _RGBA, _RGB = 1, 6, 2


def shrink(picture: bytes) -> bytes:
    """The same pixels, stored row minus row above and without an opaque alpha channel; about a tenth of the size.

    Only what the drawing library writes is understood (8 bit RGBA, not interlaced, filter "sub"); all else is
    returned as it came.
    """
    chunks = _chunks(picture)
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if (depth, colour, interlace) != (8, _RGBA, 0):
        return picture
    raw = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, 1 + 4 * width)
    if not (raw[:, 0] == _SUB).all():
        return picture
    pixels = np.cumsum(raw[:, 1:].reshape(height, width, 4), axis=1, dtype=np.uint8)
    if (pixels[:, :, 3] == 255).all():
        pixels, colour = pixels[:, :, :3], _RGB
    rows = pixels.reshape(height, -1)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.hstack([np.full((height, 1), 2, dtype=np.uint8), rows - above])
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(filtered.tobytes(), 7)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunks(picture: bytes) -> dict[bytes, bytes]:
    """The chunks by name; the parts of the image data joined."""
    found: dict[bytes, bytes] = {}
    place = len(_SIGNATURE)
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        name = picture[place + 4 : place + 8]
        found[name] = found.get(name, b"") + picture[place + 8 : place + 8 + length]
        place += 12 + length
    return found


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
