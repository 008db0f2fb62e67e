"""What each circuit of a run folder is for: its basis, its time, how its noise is amplified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal

__all__ = [
    "CALIBRATIONS",
    "CircuitRole",
    "describe_roles",
    "read_roles",
    "roles_as_json",
]

Kind = Literal["z", "y", "x", "guide", "zeros", "ones"]
CALIBRATIONS: tuple[Kind, Kind] = ("zeros", "ones")


@dataclass(frozen=True, slots=True)
class CircuitRole:
    """What a circuit is for.

    Attributes:
        kind: the basis in which the battery is measured; "guide", Z in a circuit as long as those
            of the other bases; or the state of a readout calibration.
        time_index: place of its time among those of the run; None for a calibration.
        noise_factor: how much its noise was to be amplified.
        folded_factor: how much it is amplified, see `nearest_noise_factor`.
    """

    kind: Kind
    time_index: int | None = None
    noise_factor: float = 1.0
    folded_factor: float = 1.0


def roles_as_json(roles: Iterable[CircuitRole]) -> list[tuple[Any, ...]]:
    """Return roles as JSON can hold them, for `read_roles`."""
    return [astuple(role) for role in roles]


def read_roles(purpose: Mapping[str, Any], num_circuits: int) -> list[CircuitRole]:
    """Return the role of each circuit of a run folder, of the first format, too.

    Args:
        purpose: as the folder records it.
        num_circuits: circuits of the folder.
    """
    if "circuits" in purpose:
        return [CircuitRole(*entry) for entry in purpose["circuits"]]
    # The first format: Z at all times, Y at all times, pairs of calibrations.
    num_times = len(purpose["times"])
    roles = [CircuitRole(kind, index) for kind in ("z", "y") for index in range(num_times)]
    while len(roles) < num_circuits:
        roles += [CircuitRole(kind) for kind in CALIBRATIONS]
    return roles


def describe_roles(roles: Sequence[CircuitRole]) -> str:
    """Return a few words on what some circuits are for.

    Examples:
        >>> describe_roles([CircuitRole("z", 0), CircuitRole("z", 0, 3.0), CircuitRole("ones")])
        '2 Z, 1 calibration; noise 1, 3'
    """
    number = Counter("calibration" if role.kind in CALIBRATIONS else role.kind for role in roles)
    names = [
        ("z", "Z"), ("y", "Y"), ("x", "X"), ("guide", "guide"), ("calibration", "calibration")
    ]  # fmt: skip
    kinds = ", ".join(f"{number[key]} {name}" for key, name in names if number[key])
    factors = sorted({role.noise_factor for role in roles})
    if factors in ([], [1.0]):
        return kinds
    return f"{kinds}; noise {', '.join(f'{factor:g}' for factor in factors)}"
