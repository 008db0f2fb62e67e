r"""The many-body Rosen-Zener quantum battery: its parameters, and nothing computed.

H(t) = Delta Jz + f(t) Jx + g Jz^2 on 0 <= t <= T with hbar = 1 (Guo, Yang, Dou, Phys. Rev. A 109,
032201, Eqs. 1-5); all N cells start in their ground state. Eq. 4 as printed counts each pair of
cells twice, which gives g = 2 eta / N; counted once, g = eta / N.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rzqiskit.drives import Drive
from rzqiskit.drives.base import check_window
from rzqiskit.validation import (
    check_choice,
    check_finite,
    check_integer,
    check_non_negative,
)

__all__ = [
    "MAX_QUBITS",
    "PAIR_COUNTINGS",
    "PairCounting",
    "RosenZenerBattery",
    "check_battery",
]

MAX_QUBITS = 2**53
"""Widest battery, 9e15 cells: up to here every number of excited cells has a float of its own.

The exact solver keeps its tolerance that far; in wider ones N and N + 1 cells are the same."""
BATTERY_FORMAT_VERSION = 1
PairCounting = Literal["ordered", "unordered"]
PAIR_COUNTINGS: tuple[PairCounting, ...] = ("ordered", "unordered")


@dataclass(frozen=True, slots=True, kw_only=True)
class RosenZenerBattery:
    """N two-level cells, a common drive and equal Ising couplings between all pairs.

    Attributes:
        num_qubits: N, number of cells, at most `MAX_QUBITS` = 2^53.
        drive: the pulse f(t), which couples to Jx.
        level_splitting: Delta, energy between the two levels of a cell; the unit of energy when 1.
        interaction: eta, energy; repulsive when positive.
        pair_counting: "ordered" counts each pair twice as Eq. 4 does (g = 2 eta/N), "unordered"
            once (g = eta/N), the reading under which the paper's transition lies at lambda = 1.

    Raises:
        TypeError: a parameter of the wrong type.
        ValueError: a parameter out of range.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> battery.interaction_ratio, battery.jz_squared_coefficient
        (2.0, 0.4)
    """

    num_qubits: int
    drive: Drive
    level_splitting: float = 1.0
    interaction: float = 0.0
    pair_counting: PairCounting = "ordered"

    def __post_init__(self) -> None:
        if not isinstance(self.drive, Drive):
            raise TypeError(f"`drive` must be a Drive, got {type(self.drive).__name__}.")
        if not _is_hashable(self.drive):
            raise TypeError(
                "`drive` must be hashable, as a frozen dataclass of numbers is, got a "
                f"{type(self.drive).__name__}."
            )
        check_window(self.drive)
        cleaned = {
            "num_qubits": check_integer(
                "num_qubits", self.num_qubits, minimum=1, maximum=MAX_QUBITS
            ),
            "level_splitting": check_non_negative("level_splitting", self.level_splitting),
            "interaction": check_finite("interaction", self.interaction),
            "pair_counting": check_choice("pair_counting", self.pair_counting, PAIR_COUNTINGS),
        }
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    @property
    def interaction_ratio(self) -> float:
        """The ratio lambda = eta / Delta, dimensionless; infinite or NaN where Delta = 0."""
        if self.level_splitting == 0.0:
            return math.copysign(math.inf, self.interaction) if self.interaction else math.nan
        return self.interaction / self.level_splitting

    @property
    def jz_squared_coefficient(self) -> float:
        """g, the coefficient of Jz^2 in the Hamiltonian, energy."""
        factor = 2.0 if self.pair_counting == "ordered" else 1.0
        return factor * self.interaction / self.num_qubits

    def to_dict(self) -> dict[str, Any]:
        """Return the battery as a dict that JSON can hold, see `from_dict`."""
        return {
            "type": "RosenZenerBattery",
            "version": BATTERY_FORMAT_VERSION,
            "num_qubits": self.num_qubits,
            "drive": self.drive.to_dict(),
            "level_splitting": self.level_splitting,
            "interaction": self.interaction,
            "pair_counting": self.pair_counting,
        }

    @classmethod
    def from_dict(cls, payload: dict[str, Any]) -> RosenZenerBattery:
        """Return the battery that `to_dict` described.

        Args:
            payload: a dict with the keys that `to_dict` writes.

        Returns:
            The battery.

        Raises:
            TypeError: not a dict.
            ValueError: another type or version, a missing or an unknown key.

        Examples:
            >>> import json
            >>> from rzqiskit.drives import SineSquaredDrive
            >>> battery = RosenZenerBattery(num_qubits=4, drive=SineSquaredDrive(20.0, 0.3))
            >>> RosenZenerBattery.from_dict(json.loads(json.dumps(battery.to_dict()))) == battery
            True
        """
        if not isinstance(payload, Mapping):
            raise TypeError(f"`payload` must be a dict, got {type(payload).__name__}.")
        parameters = dict(payload)
        kind, version = parameters.pop("type", None), parameters.pop("version", None)
        if kind != "RosenZenerBattery":
            raise ValueError(f"`type` must be 'RosenZenerBattery', got {kind!r}.")
        if version != BATTERY_FORMAT_VERSION:
            raise ValueError(f"`version` must be {BATTERY_FORMAT_VERSION}, got {version!r}.")
        expected = {"num_qubits", "drive", "level_splitting", "interaction", "pair_counting"}
        if set(parameters) != expected:
            raise ValueError(
                f"`RosenZenerBattery` must have the fields {sorted(expected)}, "
                f"got {sorted(parameters)}."
            )
        return cls(drive=Drive.from_dict(parameters.pop("drive")), **parameters)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def check_battery(battery: object) -> RosenZenerBattery:
    """Return `battery` if it is one.

    Raises:
        TypeError: it is something else.

    Examples:
        >>> check_battery("lead acid")
        Traceback (most recent call last):
        TypeError: `battery` must be a RosenZenerBattery, got str.
    """
    if not isinstance(battery, RosenZenerBattery):
        raise TypeError(f"`battery` must be a RosenZenerBattery, got {type(battery).__name__}.")
    return battery
