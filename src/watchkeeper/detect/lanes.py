"""Sixteen series abreast: what the compiler needs to put many numbers through one instruction after the other.

A function marked `abreast` takes columns of `lanes` numbers, runs the same steps for each, and chooses with
`a if c else b` between values that are both at hand instead of branching; so the compiler turns its loop into vector
instructions. Called with one lane it is the same arithmetic, to the bit: no operation depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

LANES = 16
"""Series of a block. Sixteen float32 fill a line of the cache. Thirty-two are 8 % faster, but the state of
a single series has a whole block's places.
"""
LOG10_2 = 0.30102999566398119521
LOG2_E = 1.44269504088896340736
_MAGIC_BITS, _MAGIC = 0x4338000000000000, 6755399441055744.0
"""2^52 + 2^51: adding it to a small whole number puts that number into the last bits."""
_ROOT_HALF = 0x3FE6A09E667F3BCD
"""The bits of the square root of a half."""


def abreast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function over columns; it becomes part of its caller, where the number of lanes is known."""
    compiled: Callable[..., Any] = njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return compiled


def _instruction(result: Any, operand: Any, emit: Callable[[Any, Any], Any]) -> Any:
    """One machine instruction as a compiled function of one number."""

    def instruction(typingctx, x):  # type: ignore[no-untyped-def]
        return result(operand), lambda context, builder, signature, args: emit(builder, args[0])

    return intrinsic(instruction)


def _of_float(name: str) -> Any:
    double = ir.DoubleType()
    return _instruction(
        types.float64,
        types.float64,
        lambda builder, x: builder.call(builder.module.declare_intrinsic(name, [double]), [x]),
    )


_bits: Any = _instruction(types.int64, types.float64, lambda builder, x: builder.bitcast(x, ir.IntType(64)))
_number: Any = _instruction(types.float64, types.int64, lambda builder, x: builder.bitcast(x, ir.DoubleType()))
root: Any = _of_float("llvm.sqrt")
floor: Any = _of_float("llvm.floor")


@abreast
def log10(x):  # type: ignore[no-untyped-def]
    """Logarithm of a positive, normal number, to 4e-9, without branches, tables or divisions.

    x = 2^e m with m between the root of a half and the root of two; log m is (m - 1) times a polynomial of it, fitted
    at the Chebyshev nodes of the interval.
    """
    bits = _bits(x)
    e = (bits - _ROOT_HALF) >> 52
    t = _number(bits - (e << 52)) - 1.0
    t2 = t * t
    t4 = t2 * t2
    low = (0.43429447072774185 - 0.21714718463355526 * t) + t2 * (0.14476851882675695 - 0.10858297283789536 * t)
    high = (0.08667205196292561 - 0.07192218885786306 * t) + t2 * (0.0649230967519466 - 0.06243995330488199 * t)
    series = low + t4 * (high + t4 * 0.03797447216454705)
    return (_number(e + _MAGIC_BITS) - _MAGIC) * LOG10_2 + t * series


@abreast
def exp10(x):  # type: ignore[no-untyped-def]
    """Ten to the power of x, to 1e-9 of itself, for x between -300 and 300 (beyond, as at these)."""
    y = min(max(x, -300.0), 300.0) * (1.0 / LOG10_2)
    rounded = y + _MAGIC
    f = (y - (rounded - _MAGIC)) * (1.0 / LOG2_E)
    series = 1.0 + f * (
        1.0 + f * (1 / 2 + f * (1 / 6 + f * (1 / 24 + f * (1 / 120 + f * (1 / 720 + f * (1 / 5040 + f / 40320))))))
    )
    return _number(_bits(series) + ((_bits(rounded) - _MAGIC_BITS) << 52))
