"""Eight numbers as one value in compiled code: the arithmetic of `lanes`.

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
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

__all__ = ["WIDTH", "aligned", "fma", "load", "select_positive", "splat", "sqrt", "store", "vrint"]

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
    """Return row number `row` of `rows`, shape (num_rows, 8), unchecked."""

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


@njit(cache=True, nogil=True)
def aligned(num_rows):
    """Return zeros of shape (num_rows, 8), each row on a cache line of its own."""
    raw = np.zeros(WIDTH * (num_rows + 1))
    shift = (-raw.ctypes.data % 64) // 8
    return raw[shift : shift + WIDTH * num_rows].reshape(num_rows, WIDTH)
