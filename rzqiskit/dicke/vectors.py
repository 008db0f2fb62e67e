"""Eight numbers as one value in compiled code: the arithmetic of `lanes` and `frame`.

A compiler vectorises a loop over eight lanes only if it can prove that no arrays overlap. Here the
eight lanes are one LLVM vector from load to store, so that every operation is one instruction (or
two, where registers are narrower). Operations act on each lane alone: what a lane yields does not
depend on its place nor on its neighbours, to the last bit. No fast-math: products and sums become
one instruction where `fma` says so, not where the compiler happens to.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from rzqiskit.dicke.compiled import inner

__all__ = [
    "WIDTH", "aligned", "fma", "load", "maximum", "minimum", "positive_bits", "select_positive",
    "shift_in_1", "shift_in_2", "shift_in_7", "splat", "sqrt", "store", "total", "vrint",
]  # fmt: skip

WIDTH = 8
_IR = ir.VectorType(ir.DoubleType(), WIDTH)


class _LanesType(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name="Lanes8")


_LANES = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _IR)


def _pointer(context, builder, array_type, array, row):
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(row, ir.Constant(row.type, WIDTH))
    return builder.bitcast(builder.gep(data, [offset]), _IR.as_pointer())


@intrinsic
def load(typing_context, rows, row):
    """Return row number `row` of `rows`, shape (num_rows, 8), unchecked.

    A row is one number of each of eight batteries, or eight neighbouring numbers of one.
    """

    def codegen(context, builder, signature, args):
        value = builder.load(_pointer(context, builder, signature.args[0], *args))
        value.align = 8
        return value

    return _LANES(rows, types.intp), codegen


@intrinsic
def store(typing_context, rows, row, value):
    """Write `value` into row number `row` of `rows`, shape (num_rows, 8), unchecked."""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(rows, types.intp, _LANES), codegen


@intrinsic
def splat(typing_context, number):
    """Return eight copies of a number."""

    def codegen(context, builder, signature, args):
        index = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(ir.Constant(_IR, ir.Undefined), args[0], index)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, one, mask)

    return _LANES(types.float64), codegen


@intrinsic
def select_positive(typing_context, mask, yes, no):
    """Return `yes` in the lanes where `mask` is positive, `no` in the others."""

    def codegen(context, builder, signature, args):
        positive = builder.fcmp_ordered(">", args[0], ir.Constant(_IR, [0.0] * WIDTH))
        return builder.select(positive, args[1], args[2])

    return _LANES(_LANES, _LANES, _LANES), codegen


@intrinsic
def positive_bits(typing_context, mask):
    """Return an integer whose bit number `lane` tells whether `mask` is positive there."""

    def codegen(context, builder, signature, args):
        positive = builder.fcmp_ordered(">", args[0], ir.Constant(_IR, [0.0] * WIDTH))
        bits = builder.bitcast(positive, ir.IntType(WIDTH))
        return builder.zext(bits, ir.IntType(64))

    return types.int64(_LANES), codegen


def _shift(places):
    @intrinsic
    def shifted(typing_context, first, second):
        def codegen(context, builder, signature, args):
            chosen = range(places, places + WIDTH)
            mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), list(chosen))
            return builder.shuffle_vector(*args, mask)

        return _LANES(_LANES, _LANES), codegen

    return shifted


shift_in_1, shift_in_2, shift_in_7 = _shift(1), _shift(2), _shift(7)
"""Eight neighbours of the sixteen numbers of two vectors, from number 1, 2 or 7 on."""


@intrinsic
def total(typing_context, value):
    """Return the sum of the eight lanes, always added in the same order."""

    def codegen(context, builder, signature, args):
        vector, width = args[0], WIDTH
        while width > 1:
            width //= 2
            low, high = (
                ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(at, at + width)))
                for at in (0, width)
            )
            undefined = ir.Constant(vector.type, ir.Undefined)
            vector = builder.fadd(
                builder.shuffle_vector(vector, undefined, low),
                builder.shuffle_vector(vector, undefined, high),
            )
        return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    return types.float64(_LANES), codegen


def _extreme(symbol):
    @intrinsic
    def extreme(typing_context, left, right):
        def codegen(context, builder, signature, args):
            return builder.select(builder.fcmp_ordered(symbol, *args), *args)

        return _LANES(_LANES, _LANES), codegen

    return extreme


maximum, minimum = _extreme(">"), _extreme("<")
"""The larger, the smaller number of each lane; the second where either is NaN."""


def _function(name):
    @intrinsic
    def function(typing_context, value):
        def codegen(context, builder, signature, args):
            callee = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_IR, [_IR]), f"llvm.{name}.v{WIDTH}f64"
            )
            return builder.call(callee, args)

        return _LANES(_LANES), codegen

    return function


@intrinsic
def fma(typing_context, factor, other, addend):
    """Return factor * other + addend, rounded once: on purpose, never by the compiler's choice."""

    def codegen(context, builder, signature, args):
        callee = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_IR, [_IR] * 3), f"llvm.fma.v{WIDTH}f64"
        )
        return builder.call(callee, args)

    return _LANES(_LANES, _LANES, _LANES), codegen


sqrt = _function("sqrt")
vrint = _function("rint")


def _binary(instruction):
    @intrinsic
    def operation(typing_context, left, right):
        def codegen(context, builder, signature, args):
            return getattr(builder, instruction)(*args)

        return _LANES(_LANES, _LANES), codegen

    return operation


def _define(symbol, instruction):
    operation = _binary(instruction)

    @overload(symbol)
    def _(left, right):
        if left is _LANES and right is _LANES:
            return lambda left, right: operation(left, right)
        if left is _LANES and isinstance(right, types.Number):
            return lambda left, right: operation(left, splat(right))
        if right is _LANES and isinstance(left, types.Number):
            return lambda left, right: operation(splat(left), right)
        return None


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


@inner
def aligned(num_rows):
    """Return zeros of shape (num_rows, 8), each row on a cache line of its own."""
    raw = np.zeros(WIDTH * (num_rows + 1))
    shift = (-raw.ctypes.data % 64) // 8
    return raw[shift : shift + WIDTH * num_rows].reshape(num_rows, WIDTH)
