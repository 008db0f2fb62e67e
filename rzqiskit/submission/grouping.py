"""Estimates put together from times that were read on different qubits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rzqiskit.schema import METRICS
from rzqiskit.validation import FloatArray

__all__ = ["Estimates", "estimate_in_groups"]

Estimates = dict[str, tuple[FloatArray, FloatArray]]
_FROM_Y = "instantaneous_power"


def estimate_in_groups(
    estimate: Callable[[str, list[int], Any], Estimates | None],
    keys: Mapping[str, Sequence[Any]],
    *,
    num_qubits: int,
) -> Estimates:
    """Return metrics put together from groups of times that were read on the same qubits.

    Args:
        estimate: returns the metrics of some times from a basis, their indices and their key;
            None where nothing can be said.
        keys: basis ("z", "y") -> a key for each time, equal for times of one group, None where
            nothing is known. The instantaneous power comes from "y", everything else from "z".
        num_qubits: N.

    Returns:
        name -> (values, standard errors) at all times, NaN where nothing is known.
    """
    num_times = len(keys["z"])
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(METRICS, (num_times,))
    result = {
        name: (np.full(shape, np.nan), np.full(shape, np.nan))
        for name, shape in {**shapes, "population": (num_times, num_qubits + 1)}.items()
    }
    for basis, wanted in (("z", set(result) - {_FROM_Y}), ("y", {_FROM_Y})):
        groups: dict[Any, list[int]] = {}
        for index, key in enumerate(keys[basis]):
            if key is not None:
                groups.setdefault(key, []).append(index)
        for key, members in groups.items():
            part = estimate(basis, members, key) or {}
            for name in wanted & set(part):
                for place, values in zip(result[name], part[name], strict=True):
                    place[members] = values
    return result
