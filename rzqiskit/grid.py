"""Arrays of batteries: parameters on a grid, or point by point, for one compiled call."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.drives import Drive
from rzqiskit.model import MAX_QUBITS, PAIR_COUNTINGS, RosenZenerBattery
from rzqiskit.validation import FloatArray, check_choice, check_integer

__all__ = ["BatteryGrid"]

GRID_FORMAT_VERSION = 1
_BATTERY_PARAMETERS = ("num_qubits", "interaction", "level_splitting", "pair_counting")
_DEFAULTS: dict[str, Any] = {"interaction": 0.0, "level_splitting": 1.0, "pair_counting": "ordered"}


class BatteryGrid:
    """Many batteries whose parameters are numbers or one-dimensional arrays.

    Each array is a dim of its own with the parameter's name, `num_qubits` first, the others in the
    order given, and the batteries are all combinations; with ``paired=True`` the arrays have one
    length and are taken point by point along the dim "point". The fields of the drive are swept
    under the name ``drive_<field>`` (`drive_amplitude`, `drive_period`, ...).

    Args:
        drive: the pulse that `drive_<field>` modifies.
        num_qubits: N, at most `MAX_QUBITS`.
        paired: point by point instead of all combinations.
        **parameters: `interaction`, `level_splitting`, `pair_counting`, `drive_<field>`.

    Raises:
        TypeError: unknown parameter, wrong type.
        ValueError: a value out of range, an empty array, arrays of different length where paired.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> grid = BatteryGrid(
        ...     SineSquaredDrive(20.0, 0.3), num_qubits=[4, 6], drive_amplitude=[10.0, 20.0, 40.0]
        ... )
        >>> grid.shape, grid.dims
        ((2, 3), ('num_qubits', 'drive_amplitude'))
        >>> grid.battery(5).drive.amplitude
        40.0
    """

    def __init__(
        self,
        drive: Drive,
        *,
        num_qubits: Any,
        paired: bool = False,
        **parameters: Any,
    ) -> None:
        if not isinstance(drive, Drive):
            raise TypeError(f"`drive` must be a Drive, got {type(drive).__name__}.")
        fields = {field.name for field in dataclasses.fields(drive)}  # type: ignore[arg-type]
        given = {"num_qubits": num_qubits, **parameters}
        self._known = sorted([*_BATTERY_PARAMETERS, *(f"drive_{field}" for field in fields)])
        for name in given:
            if name not in self._known:
                raise TypeError(f"`{name}` must be one of {', '.join(self._known)}.")
        self._drive = drive
        self._arrays = {name: _checked(name, value) for name, value in given.items()}
        for name, array in self._arrays.items():
            if name.startswith("drive_"):  # the drive's own checks, at both ends of the range
                for extreme in (array.min(), array.max()):
                    dataclasses.replace(drive, **{name.removeprefix("drive_"): extreme})  # type: ignore[type-var]
        swept = {name: array for name, array in self._arrays.items() if array.ndim == 1}
        if not isinstance(paired, bool):
            raise TypeError(f"`paired` must be True or False, got {paired!r}.")
        self._paired = paired
        if paired:
            lengths = {name: array.size for name, array in swept.items()}
            if len(set(lengths.values())) > 1:
                raise ValueError(f"`parameters` must have one length when paired, got {lengths}.")
            self._dims: tuple[str, ...] = ("point",) if swept else ()
            self._shape: tuple[int, ...] = tuple(set(lengths.values()))
            self._coords = {name: (("point",), array) for name, array in swept.items()}
        else:
            self._dims = tuple(swept)
            self._shape = tuple(array.size for array in swept.values())
            self._coords = {name: ((name,), array) for name, array in swept.items()}

    @property
    def drive(self) -> Drive:
        """The pulse that the swept fields modify."""
        return self._drive

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dims of the grid."""
        return self._dims

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dims."""
        return self._shape

    @property
    def size(self) -> int:
        """Number of batteries."""
        return int(np.prod(self._shape, dtype=np.int64))

    @property
    def coords(self) -> Mapping[str, tuple[tuple[str, ...], npt.NDArray[Any]]]:
        """The swept parameters as coordinates: name -> (dims, values)."""
        return self._coords

    def parameter(self, name: str) -> npt.NDArray[Any]:
        """Return the values of a parameter, one for each battery, shape (size,).

        Args:
            name: a parameter of the battery or `drive_<field>`.

        Raises:
            ValueError: no such parameter.
        """
        check_choice("name", name, self._known)
        if name in self._arrays:
            array = self._arrays[name]
        elif name.startswith("drive_"):
            array = np.asarray(getattr(self._drive, name.removeprefix("drive_")))
        else:
            array = np.asarray(_DEFAULTS[name])
        if array.ndim == 0 or self._paired:
            return np.broadcast_to(array, self._shape).ravel()
        axis = self._dims.index(name)
        shape = [1] * len(self._dims)
        shape[axis] = array.size
        return np.broadcast_to(array.reshape(shape), self._shape).ravel()

    def jz_squared_coefficient(self) -> FloatArray:
        """Return g of every battery, energy, shape (size,)."""
        factor = np.where(self.parameter("pair_counting") == "ordered", 2.0, 1.0)
        return factor * self.parameter("interaction") / self.parameter("num_qubits")

    @property
    def duration_name(self) -> str:
        """The parameter that is the duration of the pulse."""
        names = {field.name for field in dataclasses.fields(self._drive)}  # type: ignore[arg-type]
        return "drive_duration" if "duration" in names else "drive_period"

    def drive_numbers(self) -> npt.NDArray[np.int64]:
        """Return for each battery the number of its drive among the different ones."""
        swept = [self.parameter(name) for name in self._arrays if name.startswith("drive_")]
        if not swept:
            return np.zeros(self.size, dtype=np.int64)
        return np.unique(np.stack(swept), axis=1, return_inverse=True)[1].ravel()

    def battery(self, index: int) -> RosenZenerBattery:
        """Return battery number `index`, counted with the last dim running fastest."""
        changed = {
            name.removeprefix("drive_"): float(self.parameter(name)[index])
            for name in self._arrays
            if name.startswith("drive_")
        }
        return RosenZenerBattery(
            num_qubits=int(self.parameter("num_qubits")[index]),
            drive=dataclasses.replace(self._drive, **changed),  # type: ignore[type-var]
            level_splitting=float(self.parameter("level_splitting")[index]),
            interaction=float(self.parameter("interaction")[index]),
            pair_counting=str(self.parameter("pair_counting")[index]),  # type: ignore[arg-type]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the grid as a dict that JSON can hold, see `from_dict`."""
        return {
            "type": "BatteryGrid",
            "version": GRID_FORMAT_VERSION,
            "drive": self._drive.to_dict(),
            "paired": self._paired,
            "parameters": {name: array.tolist() for name, array in self._arrays.items()},
        }

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> BatteryGrid:
        """Return the grid that `to_dict` described.

        Args:
            payload: a dict with the keys that `to_dict` writes.

        Returns:
            The grid.

        Raises:
            TypeError: not a dict, an unknown parameter.
            ValueError: another type or version, a missing or an unknown key, a value out of range.

        Examples:
            >>> import json
            >>> from rzqiskit.drives import SineSquaredDrive
            >>> grid = BatteryGrid(SineSquaredDrive(20.0, 0.3), num_qubits=[4, 6], interaction=2.0)
            >>> again = BatteryGrid.from_dict(json.loads(json.dumps(grid.to_dict())))
            >>> again.dims, again.battery(1) == grid.battery(1)
            (('num_qubits',), True)
        """
        if not isinstance(payload, Mapping):
            raise TypeError(f"`payload` must be a dict, got {type(payload).__name__}.")
        parts = dict(payload)
        kind, version = parts.pop("type", None), parts.pop("version", None)
        if kind != "BatteryGrid":
            raise ValueError(f"`type` must be 'BatteryGrid', got {kind!r}.")
        if version != GRID_FORMAT_VERSION:
            raise ValueError(f"`version` must be {GRID_FORMAT_VERSION}, got {version!r}.")
        expected = {"drive", "paired", "parameters"}
        if set(parts) != expected:
            raise ValueError(
                f"`BatteryGrid` must have the fields {sorted(expected)}, got {sorted(parts)}."
            )
        parameters = parts["parameters"]
        if not isinstance(parameters, Mapping):
            raise TypeError(f"`parameters` must be a dict, got {type(parameters).__name__}.")
        if "num_qubits" not in parameters:
            raise ValueError(f"`parameters` must name `num_qubits`, got {sorted(parameters)}.")
        return cls(Drive.from_dict(parts["drive"]), paired=parts["paired"], **parameters)


def _checked(name: str, value: Any) -> npt.NDArray[Any]:
    """Return one parameter as an array of ndim 0 or 1, all entries in range."""
    if name == "pair_counting":
        array = np.asarray(value, dtype=object)
        for entry in array.ravel():
            check_choice(name, entry, PAIR_COUNTINGS)
        array = np.asarray(array, dtype=str)
    else:
        array = _rectangular(name, value)
    if array.ndim > 1 or array.size == 0:
        scalar = "a name" if name == "pair_counting" else "a number"
        raise ValueError(
            f"`{name}` must be {scalar} or a one-dimensional array that is not empty, "
            f"got shape {array.shape}."
        )
    if name == "pair_counting":
        return array
    if name == "num_qubits" and array.dtype.kind in "fO":  # beyond the 64 bits of NumPy's integers
        entries = np.asarray(value, dtype=object)
        if all(isinstance(entry, numbers.Integral) for entry in entries.flat):
            for entry in entries.flat:
                check_integer(name, entry, minimum=1, maximum=MAX_QUBITS)
    if array.dtype.kind not in ("iu" if name == "num_qubits" else "iuf"):
        kind = "integers" if name == "num_qubits" else "real numbers"
        raise TypeError(f"`{name}` must be made of {kind}, got {array.dtype}.")
    if name == "num_qubits":
        for extreme in (array.min(), array.max()):
            check_integer(name, extreme, minimum=1, maximum=MAX_QUBITS)
        return array.astype(np.int64)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        bad = float(array[~np.isfinite(array)].flat[0])
        raise ValueError(f"`{name}` must be finite, got {bad!r}.")
    if name == "level_splitting" and (array < 0.0).any():
        raise ValueError(f"`level_splitting` must not be negative, got {float(array.min())!r}.")
    return array


def _rectangular(name: str, value: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(
            f"`{name}` must be a number or a one-dimensional array that is not empty, "
            "got rows of different lengths."
        ) from None
