"""Answers are packed with gzip, of the API after their ETag was made and they were kept: packed again they differ."""

from __future__ import annotations

from litestar.config.compression import CompressionConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware


def packing(*exclude: str) -> CompressionConfig:
    """How answers are packed, but at paths that fit `exclude`."""
    return CompressionConfig(backend="gzip", minimum_size=1000, gzip_compress_level=5, exclude=list(exclude) or None)


def packed() -> DefineMiddleware:
    """What packs the answers of a router; it stands before whatever must see them as they are."""
    return DefineMiddleware(CompressionMiddleware, config=packing())
