"""Sixteen series abreast: what the compiler needs to put many numbers through one instruction after the other.

A function marked `abreast` takes columns of `lanes` numbers, runs the same steps for each, and chooses with
`a if c else b` between values that are both at hand instead of branching; so the compiler turns its loop into vector
instructions. Called with one lane it is the same arithmetic, to the bit: no operation depends on its neighbours. All of
it is single precision, see `single`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from watchkeeper.detect.single import in_single_precision

LANES = 16
"""Series of a block. Sixteen float32 fill a line of the cache and the widest register."""
LOG10_2 = 0.30102999566398119521
LOG2_E = 1.44269504088896340736
_FLOAT, _INT = ir.FloatType(), ir.IntType(32)
_ROOT_HALF = ir.Constant(_INT, 0x3F3504F3)
"""The bits of the square root of a half."""
_MANTISSA = ir.Constant(_INT, 23)
"""Bits of the mantissa."""


def abreast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function over columns; it becomes part of its caller, where the number of lanes is known."""
    single = in_single_precision(function)
    compiled: Callable[..., Any] = njit(nogil=True, error_model="numpy", forceinline=True)(single)
    return compiled


def _instruction(name: str) -> Any:
    """One machine instruction as a compiled function of one number, of its precision."""

    def instruction(typingctx, x):  # type: ignore[no-untyped-def]  # Numba types it
        def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]  # Numba types it
            return builder.call(builder.module.declare_intrinsic(name, [args[0].type]), [args[0]])

        return x(x), emit

    return intrinsic(instruction)


root: Any = _instruction("llvm.sqrt")
floor: Any = _instruction("llvm.floor")


def _parts_of(typingctx, x):  # type: ignore[no-untyped-def]  # Numba types it
    """(m, e) of a positive, normal float32 x = 2^e m, m between the root of a half and the root of two."""
    pair: Any = types.UniTuple(types.float32, 2)  # type: ignore[no-untyped-call]

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]  # Numba types it
        bits = builder.bitcast(args[0], _INT)
        e = builder.ashr(builder.sub(bits, _ROOT_HALF), _MANTISSA)
        m = builder.bitcast(builder.sub(bits, builder.shl(e, _MANTISSA)), _FLOAT)
        return context.make_tuple(builder, pair, [m, builder.sitofp(e, _FLOAT)])

    return pair(types.float32), emit


_parts: Any = intrinsic(_parts_of)


def _scaled(typingctx, x, n):  # type: ignore[no-untyped-def]  # Numba types it
    """2^n x of a normal float32 and a whole number."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]  # Numba types it
        exponent = builder.shl(builder.fptosi(args[1], _INT), _MANTISSA)
        return builder.bitcast(builder.add(builder.bitcast(args[0], _INT), exponent), _FLOAT)

    return types.float32(types.float32, types.float32), emit


_times_two_to: Any = intrinsic(_scaled)


@abreast
def log10(x):  # type: ignore[no-untyped-def]  # Numba types it
    """Logarithm of a positive, normal number, to single precision, without branches, tables or divisions.

    x = 2^e m; log m is (m - 1) times a polynomial of it, fitted at the Chebyshev nodes of the interval.
    """
    m, e = _parts(float(x))
    t = m - 1.0
    t2 = t * t
    t4 = t2 * t2
    low = (0.43429447072774185 - 0.21714718463355526 * t) + t2 * (0.14476851882675695 - 0.10858297283789536 * t)
    high = (0.08667205196292561 - 0.07192218885786306 * t) + t2 * (0.0649230967519466 - 0.06243995330488199 * t)
    series = low + t4 * (high + t4 * 0.03797447216454705)
    return e * LOG10_2 + t * series


@abreast
def exp10(x):  # type: ignore[no-untyped-def]  # Numba types it
    """Ten to the power of x, to single precision, for x between -37 and 37 (beyond, as at these)."""
    y = min(max(x, -37.0), 37.0) * (1.0 / LOG10_2)
    whole = floor(y + 0.5)
    f = (y - whole) * (1.0 / LOG2_E)
    series = 1.0 + f * (1.0 + f * (0.5 + f * (0.16666667 + f * (0.041666667 + f * (0.008333333 + f * 0.0013888889)))))
    return _times_two_to(series, whole)
