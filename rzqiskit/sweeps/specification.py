"""What is swept: parameters that are numbers or arrays, a solver, and the quantities wanted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.frames import FRAMES
from rzqiskit.circuits.product_formula import SLICES, SPACINGS
from rzqiskit.drives import Drive
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import PAIR_COUNTINGS
from rzqiskit.schema import METRICS
from rzqiskit.sweeps.noise import NO_NOISE, check_noise, check_width
from rzqiskit.validation import check_choice, check_flag, check_integer, check_positive_integer

__all__ = [
    "COUNTS",
    "INTEGER_PARAMETERS",
    "SOLVERS",
    "SUMMARIES",
    "SpecificationError",
    "SweepSpecification",
]

SPECIFICATION_FORMAT_VERSION = 1
SUMMARIES = tuple(
    f"{prefix}{name}" for name in METRICS for prefix in ("maximum_", "time_of_maximum_", "final_")
)
_BATTERY_DEFAULTS: dict[str, Any] = {
    "interaction": 0.0,
    "level_splitting": 1.0,
    "pair_counting": "ordered",
}
# Beside the battery's parameters, what each solver can be told, with its default.
_SETTINGS: dict[str, dict[str, Any]] = {
    "exact": {"tolerance": 1e-10},
    "analytic": {"method": "leading", "num_times": 101},
    "circuit": {
        "num_steps": 8, "order": 2, "frame": "mean-field", "spacing": "time", "slices": "each",
        "shots": 4096, "seed": 0, "noise": NO_NOISE,
        "noise_scale": 1.0, "num_times": 26,
    },
}  # fmt: skip
_ADDED_LATER = {
    "noise": NO_NOISE, "noise_scale": 1.0, "frame": "mean-field", "spacing": "time",
    "slices": "each",
}  # fmt: skip
SOLVERS = tuple(_SETTINGS)
# Records of circuits, which can be added later; they have dims of their own.
COUNTS = ("counts", "counts_y")
# One number for the whole sweep: it says how a solver works, not what is solved.
_SCALAR_SETTINGS = ("tolerance", "num_times")
_TEXTS = ("pair_counting", "method", "noise", "frame", "spacing", "slices")
INTEGER_PARAMETERS = ("num_qubits", "num_steps", "order", "shots", "seed", "num_times")


class SpecificationError(ValueError):
    """A sweep was asked to go on in a store that holds another sweep."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SweepSpecification:
    """A grid of parameters and what to compute on it.

    Attributes:
        drive: the pulse whose fields ``drive_<field>`` modify.
        parameters: name -> number, text or one-dimensional array; each array is a dim.
        paired: arrays are taken point by point along the dim "point" instead.
        solver: "exact", "analytic" or "circuit".
        quantities: names of the summaries wanted.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> specification = SweepSpecification.build(
        ...     {"drive": SineSquaredDrive(20.0, 0.3), "num_qubits": 10,
        ...      "interaction": [0.0, 2.0], "drive_amplitude": [10.0, 20.0, 40.0]},
        ... )
        >>> specification.dims, specification.shape
        (('interaction', 'drive_amplitude'), (2, 3))
    """

    drive: Drive
    parameters: Mapping[str, Any]
    paired: bool
    solver: str
    quantities: tuple[str, ...]

    @classmethod
    def build(
        cls,
        grid: Mapping[str, Any] | BatteryGrid,
        *,
        solver: str = "exact",
        quantities: Collection[str] | None = None,
        paired: bool = False,
    ) -> SweepSpecification:
        """Return the specification of a sweep over `grid`, checked.

        Args:
            grid: a `BatteryGrid`, or name -> value: ``drive`` (a Drive), ``num_qubits``,
                ``interaction``, ``level_splitting``, ``pair_counting``, ``drive_<field>`` and the
                settings of the solver (exact: ``tolerance``; analytic: ``method``,
                ``num_times``; circuit: ``num_steps``, ``order``, ``frame``,
                ``spacing``, ``slices``, ``shots``, ``seed``, ``noise``, ``noise_scale``,
                ``num_times``), numbers or one-dimensional arrays. ``noise`` is
                "none" or the name of a fake device such as "FakeTorino", for which the circuits
                are compiled and whose noise Aer simulates, its errors multiplied by
                ``noise_scale``, which "none" alone has no use for. Numbers may be out of range:
                such points fail one by one, with the reason, and so do points with noise that no
                memory or not their device has room for. A width for which there is room nowhere
                in the grid is refused.
            solver: which one.
            quantities: summaries out of `SUMMARIES`, all of them when None; for circuits also
                ``<summary>_stderr`` and the records `COUNTS` (only on request).
            paired: take arrays point by point.

        Raises:
            TypeError: a parameter unknown to the battery, its drive or the solver, or no numbers.
            ValueError: an array of another shape, an unknown solver, quantity or device, or
                another text that is no choice; a `tolerance` or `num_times` out of range; a
                `noise_scale` without noise; a battery too wide for all noise that it is to have.
        """
        specification = cls._build(grid, solver=solver, quantities=quantities, paired=paired)
        noises = np.atleast_1d(specification.parameters.get("noise", NO_NOISE)).tolist()
        check_noise(noises)
        specification._check_texts()
        specification._check_settings()
        specification._check_widths()
        scale = specification.parameters.get("noise_scale", 1.0)
        if set(noises) == {NO_NOISE} and np.any(np.asarray(scale) != 1.0):
            shown = scale.tolist() if isinstance(scale, np.ndarray) else scale
            raise ValueError(
                f"`noise_scale` must be left out without `noise`, got {_shown(shown)}."
            )
        return specification

    @classmethod
    def _build(
        cls,
        grid: Mapping[str, Any] | BatteryGrid,
        *,
        solver: str,
        quantities: Collection[str] | None,
        paired: bool,
    ) -> SweepSpecification:
        solver = check_choice("solver", solver, SOLVERS)
        paired = check_flag("paired", paired)
        if isinstance(grid, BatteryGrid):
            described = grid.to_dict()
            paired = bool(described["paired"])
            grid = {"drive": grid.drive, **described["parameters"]}
        if not isinstance(grid, Mapping):
            raise TypeError(
                f"`grid` must be a mapping or a BatteryGrid, got {type(grid).__name__}."
            )
        given = dict(grid)
        drive = given.pop("drive", None)
        if not isinstance(drive, Drive):
            raise TypeError(f"`drive` must be a Drive, got {type(drive).__name__}.")
        known = _known_parameters(drive, solver)
        for name in given:
            if name not in known:
                users = [f"{other!r}" for other, own in _SETTINGS.items() if name in own]
                hint = f"; it is one of the solver {' and '.join(users)}" if users else ""
                raise TypeError(
                    f"`{name}` must be a parameter of this sweep, one of {', '.join(known)}{hint}."
                )
        if "num_qubits" not in given:
            raise ValueError("`num_qubits` must be given.")
        # The number of cells is always the first dim, as in `BatteryGrid`.
        ordered = {"num_qubits": given.pop("num_qubits"), **given}
        parameters = {name: _checked(name, value) for name, value in ordered.items()}
        for name, default in (_BATTERY_DEFAULTS | _SETTINGS[solver]).items():
            parameters.setdefault(name, default)
        lengths = {n: len(v) for n, v in parameters.items() if isinstance(v, np.ndarray)}
        if paired and len(set(lengths.values())) > 1:
            raise ValueError(f"`paired` arrays must have one length, got {lengths}.")
        return cls(drive, parameters, paired, solver, _checked_quantities(quantities, solver))

    def _check_texts(self) -> None:
        from rzqiskit.analytic import METHODS

        choices: dict[str, tuple[str, ...]] = {
            "pair_counting": PAIR_COUNTINGS, "method": METHODS, "frame": FRAMES,
            "spacing": SPACINGS, "slices": SLICES,
        }  # fmt: skip
        for name, known in choices.items():
            for value in np.atleast_1d(self.parameters.get(name, known[:1])).tolist():
                check_choice(name, value, known)

    def _check_settings(self) -> None:
        from rzqiskit.exact import check_tolerance

        if "tolerance" in self.parameters:
            check_tolerance(self.parameters["tolerance"])
        check_positive_integer("num_times", self.parameters.get("num_times", 1))

    def _check_widths(self) -> None:
        """Raise where some width has room with none of its noises."""
        noises = np.atleast_1d(self.parameters.get("noise", NO_NOISE))
        widths = np.atleast_1d(self.parameters["num_qubits"])
        if not self.paired or 1 in (noises.size, widths.size):
            check_width(int(widths.max()), noises.tolist())
            return
        for width in np.unique(widths):
            check_width(int(width), noises[widths == width].tolist())

    @property
    def axes(self) -> dict[str, npt.NDArray[Any]]:
        """The swept parameters, in the order given."""
        return {n: v for n, v in self.parameters.items() if isinstance(v, np.ndarray)}

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dims."""
        if self.paired:
            return ("point",) if self.axes else ()
        return tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dims."""
        lengths = tuple(len(values) for values in self.axes.values())
        return lengths[:1] if self.paired else lengths

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def coords(self) -> dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]]:
        """The swept parameters as coordinates: name -> (dims, values)."""
        return {n: (("point",) if self.paired else (n,), v) for n, v in self.axes.items()}

    def layout(self, quantity: str) -> tuple[tuple[str, ...], tuple[int, ...], str, float]:
        """Return dims, shape, dtype and the value of a point that failed, of a quantity."""
        if quantity not in COUNTS:
            return self.dims, self.shape, "float64", math.nan
        # Batteries of different width share the width of the widest; the rest is zero.
        width = max(0, int(np.max(self.parameters["num_qubits"]))) + 1
        shape = (*self.shape, self.parameters["num_times"], width)
        return (*self.dims, "time", "excitations"), shape, "int64", 0

    def block(self, region: tuple[slice, ...]) -> SweepSpecification:
        """Return the part of the sweep in one slice of each dim."""
        parameters = dict(self.parameters)
        for axis, name in enumerate(self.axes):
            parameters[name] = parameters[name][region[0 if self.paired else axis]]
        return dataclasses.replace(self, parameters=parameters)

    def point(self, index: int) -> dict[str, Any]:
        """Return the parameters of point number `index`, the last dim running fastest."""
        axes = self.axes
        if self.paired:
            places = dict.fromkeys(axes, index)
        else:
            unravelled = (int(place) for place in np.unravel_index(index, self.shape))
            places = dict(zip(axes, unravelled, strict=True))
        return {
            name: value[places[name]].item() if name in places else value
            for name, value in self.parameters.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the specification as a dict that JSON can hold, see `from_dict`."""
        return {
            "type": "SweepSpecification",
            "version": SPECIFICATION_FORMAT_VERSION,
            "drive": self.drive.to_dict(),
            "parameters": {
                name: value.tolist() if isinstance(value, np.ndarray) else value
                for name, value in self.parameters.items()
                # Stores of before these parameters keep their identity.
                if isinstance(value, np.ndarray) or value != _ADDED_LATER.get(name, ())
            },
            "paired": self.paired,
            "solver": self.solver,
            "quantities": list(self.quantities),
        }

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> SweepSpecification:
        """Return the specification that `to_dict` described."""
        if payload.get("type") != "SweepSpecification":
            raise ValueError(f"`type` must be 'SweepSpecification', got {payload.get('type')!r}.")
        if payload.get("version") != SPECIFICATION_FORMAT_VERSION:
            raise ValueError(
                f"`version` must be {SPECIFICATION_FORMAT_VERSION}, got {payload.get('version')!r}."
            )
        # Not `build`: what a store holds can be read where its devices are unknown.
        return cls._build(
            {"drive": Drive.from_dict(payload["drive"]), **payload["parameters"]},
            solver=payload["solver"],
            quantities=payload["quantities"],
            paired=payload["paired"],
        )

    def identity(self) -> str:
        """Return the SHA-256 of the specification: equal sweeps, equal text."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, other: SweepSpecification) -> list[str]:
        """Return in words where `other` departs from this specification."""
        mine, theirs = _flat(self.to_dict()), _flat(other.to_dict())
        return [
            f"{name}: {_shown(mine.get(name))} here, {_shown(theirs.get(name))} there"
            for name in dict.fromkeys([*mine, *theirs])
            if json.dumps(mine.get(name)) != json.dumps(theirs.get(name))
        ]


def _known_parameters(drive: Drive, solver: str) -> list[str]:
    fields = [f"drive_{field.name}" for field in dataclasses.fields(drive)]  # type: ignore[arg-type]
    return ["num_qubits", *_BATTERY_DEFAULTS, *fields, *_SETTINGS[solver]]


def _checked(name: str, value: Any) -> Any:
    array = np.asarray(value)
    if name in INTEGER_PARAMETERS and array.dtype.kind in "ufO":
        # Beyond 64 bits NumPy makes floats or objects of them, and a cast would wrap.
        for entry in np.asarray(value, dtype=object).ravel():
            if isinstance(entry, numbers.Integral):
                check_integer(name, entry, minimum=-(2**63), maximum=2**63 - 1)
    kinds, words = ("U", "texts") if name in _TEXTS else ("iuf", "real numbers")
    if name in INTEGER_PARAMETERS:
        kinds, words = "iu", "integers"
    if array.dtype.kind not in kinds:
        raise TypeError(f"`{name}` must be made of {words}, got {_shown(value)}.")
    if array.ndim > 1 or array.size == 0 or (array.ndim == 1 and name in _SCALAR_SETTINGS):
        shape = "one value" if name in _SCALAR_SETTINGS else "one value or a one-dimensional array"
        raise ValueError(f"`{name}` must be {shape}, got shape {array.shape}.")
    if array.dtype.kind in "iuf":
        array = array.astype(np.int64 if name in INTEGER_PARAMETERS else np.float64)
    return array.item() if array.ndim == 0 else array


def _checked_quantities(quantities: Collection[str] | None, solver: str) -> tuple[str, ...]:
    possible = [*SUMMARIES, *(f"{name}_stderr" for name in SUMMARIES)]
    if solver != "circuit":
        possible = list(SUMMARIES)
    if quantities is None:
        return tuple(possible)
    if isinstance(quantities, str) or not isinstance(quantities, Collection) or not quantities:
        raise TypeError(f"`quantities` must be a non-empty collection, got {quantities!r}.")
    if solver == "circuit":
        possible += COUNTS
    return tuple(dict.fromkeys(check_choice("quantities", q, possible) for q in quantities))


def _flat(payload: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, prefix if name == "parameters" else f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _shown(value: Any) -> str:
    text = repr(value)
    if isinstance(value, list):
        text = f"{len(value)} value{'' if len(value) == 1 else 's'} {text}"
    return text if len(text) <= 60 else f"{text[:57]}..."
