"""The written schema of every result: names, symbols, units and dims of the variables.

A result is a bare ``xarray.Dataset``. What solved it is told by its attributes, not by its type,
so the exact solver, the closed forms and a quantum computer come out in the same table.

Units: hbar = 1. Energies are in the unit in which `level_splitting` is given, times in its
inverse; counts, probabilities and standardised numbers have the unit "1".
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "FRACTION_OF_PULSE",
    "METRICS",
    "SCHEMA_VERSION",
    "VARIABLES",
    "SchemaError",
    "Variable",
    "describe",
    "make_dataset",
    "provenance",
    "validate_dataset",
]

SCHEMA_VERSION = 1


class SchemaError(ValueError):
    """A Dataset (or a file) does not follow the schema.

    Examples:
        >>> import rzqiskit as rz
        >>> from rzqiskit.schema import SchemaError, validate_dataset
        >>> battery = rz.RosenZenerBattery(num_qubits=2, drive=rz.RectangularDrive(3.0, 1.0))
        >>> data = rz.evolve_exact(battery, [1.0])
        >>> try:
        ...     validate_dataset(data.rename(stored_energy="energy"))
        ... except SchemaError as error:
        ...     print(error)
        `energy` is not a variable of the schema.
    """


@dataclass(frozen=True, slots=True)
class Variable:
    """One entry of the vocabulary.

    Attributes:
        long_name: what the quantity is, as on an axis.
        symbol: its symbol in LaTeX, without dollar signs.
        unit: "energy", "power" (energy squared), "time" (1/energy), "bit" or "1".
        dims: the dims it has in a Dataset of one battery.
    """

    long_name: str
    symbol: str
    unit: str
    dims: tuple[str, ...] = ("time",)


VARIABLES: dict[str, Variable] = {
    "time": Variable("time", "t", "time"),
    "excitations": Variable("number of excited cells", "k", "1", ("excitations",)),
    "population": Variable("population", "p_k", "1", ("time", "excitations")),
    "population_window": Variable(
        "population, level by level from window_start", "p_k", "1", ("time", "window")
    ),
    "window_start": Variable("first level of the window", "k_0", "1"),
    "stored_energy": Variable("stored energy", "E", "energy"),
    "average_power": Variable("average charging power", "P", "power"),
    "instantaneous_power": Variable("instantaneous charging power", "P_I", "power"),
    "energy_fluctuation": Variable("energy fluctuation", r"\Sigma", "energy"),
    "diagonal_entropy": Variable("diagonal entropy", "S", "bit"),
    "counts": Variable("measured counts", "n_k", "1", ("time", "excitations")),
    "counts_y": Variable("measured counts, Y basis", "n^y_k", "1", ("time", "excitations")),
    "counts_x": Variable("measured counts, X basis", "n^x_k", "1", ("time", "excitations")),
    "noise_factor": Variable("factor of the noise", "x", "1", ("noise_factor",)),
    "folded_counts": Variable(
        "counts of folded circuits", "n_k(x)", "1", ("noise_factor", "time", "excitations")
    ),
    "folded_counts_y": Variable(
        "counts of folded circuits, Y basis",
        "n^y_k(x)",
        "1",
        ("noise_factor", "time", "excitations"),
    ),
    "folded_counts_x": Variable(
        "counts of folded circuits, X basis",
        "n^x_k(x)",
        "1",
        ("noise_factor", "time", "excitations"),
    ),
    "total_spin_squared": Variable("total spin squared", r"\langle J^2\rangle", "1"),
    "shots": Variable("number of shots", r"n_\mathrm{shots}", "1"),
    "collective_spin": Variable("collective spin", r"\langle J_a\rangle", "1", ("time", "axis")),
    "spin_squeezing": Variable("spin squeezing parameter", r"\xi_R^2", "1"),
    "quantum_fisher_information": Variable("quantum Fisher information", "F_Q", "1"),
    "cell_entropy": Variable("entropy of one cell", "S_1", "bit"),
    "ergotropy": Variable("ergotropy", r"\mathcal{E}", "energy"),
    "incoherent_ergotropy": Variable("incoherent ergotropy", r"\mathcal{E}_i", "energy"),
    "ground_state_energy": Variable(
        "ground-state energy", r"\varepsilon_g", "energy", ("interaction",)
    ),
    "first_excited_energy": Variable(
        "energy of the first excited level", r"\varepsilon_e", "energy", ("interaction",)
    ),
    "energy_gap": Variable("gap", r"\varepsilon_e - \varepsilon_g", "energy", ("interaction",)),
    "order_parameter": Variable(
        "order parameter", r"\langle J_z\rangle/(N/2)", "1", ("interaction",)
    ),
    "level_energy": Variable(
        "level energy", r"\varepsilon_k", "energy", ("interaction", "excitations")
    ),
    "coherent_state_fidelity": Variable("fidelity to the mean-field state", "F_c", "1"),
}

METRICS = (
    "stored_energy",
    "average_power",
    "instantaneous_power",
    "energy_fluctuation",
    "diagonal_entropy",
)

FRACTION_OF_PULSE = {"long_name": "fraction of the pulse", "symbol": "t/T", "units": "duration"}
"""Attributes of `time` where it counts in durations of each battery's own pulse."""

_SUMMARIES = (
    ("time_of_maximum_", "time of the maximum of the {}", r"t[\max {}]", "time"),
    ("maximum_", "maximum of the {}", r"{}_\max", None),
    ("final_", "final {}", r"{}(\tau)", None),
)


def describe(name: str) -> Variable:
    """Return the entry of the variable `name`, derived ones included.

    Args:
        name: a name in `VARIABLES`, or one derived from it: ``maximum_<name>``,
            ``time_of_maximum_<name>``, ``final_<name>`` (one number per battery) and
            ``<name>_stderr`` (standard error, same dims). The exact solver's maxima are those of
            0 <= t <= times[-1], of closed forms and circuits of times[0] <= t <= times[-1].

    Returns:
        The entry.

    Raises:
        TypeError: `name` is no string.
        SchemaError: the schema knows no such name.

    Examples:
        >>> describe("maximum_stored_energy").long_name
        'maximum of the stored energy'
        >>> describe("energy_fluctuation_stderr").unit
        'energy'
    """
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a string, got {type(name).__name__}.")
    if name in VARIABLES:
        return VARIABLES[name]
    if name.endswith("_stderr"):
        base = describe(name.removesuffix("_stderr"))
        return Variable(
            f"standard error of the {base.long_name}",
            rf"\sigma[{base.symbol}]",
            base.unit,
            base.dims,
        )
    for prefix, long_name, symbol, unit in _SUMMARIES:
        base_name = name.removeprefix(prefix)
        if name.startswith(prefix) and base_name in VARIABLES:
            base = VARIABLES[base_name]
            return Variable(
                long_name.format(base.long_name),
                symbol.format(base.symbol),
                unit or base.unit,
                tuple(dim for dim in base.dims if dim != "time"),
            )
    raise SchemaError(f"`{name}` is not a variable of the schema.")


def provenance(battery: Any = None, **attributes: Any) -> dict[str, Any]:
    """Return the attributes that every stored result carries.

    Args:
        battery: anything with ``to_dict()``; stored as JSON under ``battery``.
        **attributes: what else the producer records; anything that netCDF cannot hold (None,
            bool, nested, more than 63 bits) is stored as JSON text.

    Returns:
        Attributes that netCDF and Zarr can hold.

    Examples:
        >>> provenance(solver="exact")["solver"]
        'exact'
    """
    attrs: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "rzqiskit_version": _version("rzqiskit"),
        "numpy_version": _version("numpy"),
        "python_version": platform.python_version(),
    }
    if battery is not None:
        attrs["battery"] = json.dumps(battery.to_dict())
    for key, value in attributes.items():
        plain = value.item() if isinstance(value, np.generic) else value
        fits = isinstance(plain, (str, float)) or (type(plain) is int and abs(plain) < 2**63)
        attrs[key] = plain if fits else json.dumps(plain)
    return attrs


_VERSIONS: dict[str, str] = {}


def _version(package: str) -> str:
    if package not in _VERSIONS:
        _VERSIONS[package] = importlib.metadata.version(package)
    return _VERSIONS[package]


def make_dataset(
    variables: Mapping[str, tuple[tuple[str, ...], Any]],
    coords: Mapping[str, tuple[tuple[str, ...], Any]],
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """Return a Dataset whose variables carry the schema's names, symbols and units.

    Args:
        variables: name -> (dims, values).
        coords: name -> (dims, values); a coordinate outside the schema (a swept parameter) is
            allowed.
        attrs: attributes of the Dataset, see `provenance`.

    Returns:
        The Dataset.

    Raises:
        SchemaError: a variable is unknown.

    Examples:
        >>> data = make_dataset(
        ...     {"stored_energy": (("time",), [0.0, 1.5])}, {"time": (("time",), [0.0, 0.1])}, {}
        ... )
        >>> data.stored_energy.attrs["symbol"]
        'E'
    """
    arrays = {name: np.asarray(values) for name, (_, values) in variables.items()}
    points = {name: np.asarray(values) for name, (_, values) in coords.items()}
    shapes = tuple((name, variables[name][0], array.shape) for name, array in arrays.items())
    if sum(array.nbytes for array in points.values()) > _MAX_TEMPLATE_BYTES or any(
        dims != (name,) for name, (dims, _) in coords.items()
    ):
        return _built(variables, coords).assign_attrs(attrs)
    # Building a Dataset is most of the cost of a small problem, and nearly all of that goes into
    # aligning its variables: a Dataset of the same names, shapes and coordinates is renewed with
    # other values instead. Index coordinates cannot be written to, so sharing them is safe.
    key = (shapes, tuple((name, a.dtype.str, a.tobytes()) for name, a in points.items()))
    template = _templates.get(key)
    if template is None:
        if len(_templates) >= _MAX_TEMPLATES:
            _templates.pop(next(iter(_templates)), None)
        built = _built({name: (dims, np.zeros(shape)) for name, dims, shape in shapes}, coords)
        template = _templates[key] = _Template(built)
    return template.renewed(arrays, dict(attrs))


class _Template:
    """A Dataset to be renewed with other values.

    ``Dataset.copy`` checks what cannot be wrong here, three quarters of its time. The short way
    sets the parts of variables directly; they are private to xarray, so it is taken only where it
    has reproduced the Dataset at hand.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset
        self._variables = dict(dataset.variables)
        try:
            again = self._renewed({name: v.values for name, v in dataset.items()}, {})
            self._is_short = again.identical(dataset) and again.sizes == dataset.sizes
        except (AttributeError, TypeError):
            self._is_short = False

    def renewed(self, arrays: dict[str, Any], attrs: dict[str, Any]) -> xr.Dataset:
        """Return the Dataset with the values `arrays` and the attributes `attrs`."""
        # other kinds (text, objects, dates) are for xarray to look at
        if self._is_short and all(array.dtype.kind in "fiu" for array in arrays.values()):
            return self._renewed(arrays, attrs)
        result = self._dataset.copy(data=arrays)
        result.attrs = attrs
        return result

    def _renewed(self, arrays: Mapping[Any, Any], attrs: dict[str, Any]) -> xr.Dataset:
        from xarray import Dataset

        variables: dict[Any, Any] = {}
        for name, old in self._variables.items():
            new: Any = object.__new__(type(old))
            new._dims = old._dims
            new._attrs = dict(old._attrs)  # type: ignore[arg-type]
            new._encoding = None
            new._data = arrays.get(name, old._data)
            variables[name] = new
        old_set: Any = self._dataset
        return Dataset._construct_direct(
            variables=variables,
            coord_names=set(old_set._coord_names),
            dims=dict(old_set._dims),
            attrs=attrs,
            indexes=dict(old_set._indexes),
        )


_templates: dict[Any, _Template] = {}
_MAX_TEMPLATES = 16
_MAX_TEMPLATE_BYTES = 1 << 16


def _built(
    variables: Mapping[str, tuple[tuple[str, ...], Any]],
    coords: Mapping[str, tuple[tuple[str, ...], Any]],
) -> xr.Dataset:
    import xarray as xr

    data = {
        name: xr.Variable(dims, values, _variable_attrs(name))
        for name, (dims, values) in variables.items()
    }
    coordinates = {
        name: xr.Variable(dims, values, _variable_attrs(name) if name in VARIABLES else {})
        for name, (dims, values) in coords.items()
    }
    return xr.Dataset(data, coordinates)


_ATTRS: dict[str, dict[str, str]] = {}


def _variable_attrs(name: str) -> dict[str, str]:
    if name not in _ATTRS:
        entry = describe(name)
        _ATTRS[name] = {"long_name": entry.long_name, "symbol": entry.symbol, "units": entry.unit}
    return dict(_ATTRS[name])


def validate_dataset(data: xr.Dataset) -> xr.Dataset:
    """Return `data` if it follows the schema.

    Args:
        data: a result, computed or read back from a file.

    Returns:
        The same Dataset.

    Raises:
        SchemaError: unknown variable, wrong dims or unit (also of a known coordinate; `time` may
            be a `FRACTION_OF_PULSE`), or another schema version.
        TypeError: not a Dataset.

    Examples:
        >>> validate_dataset(make_dataset({}, {}, {"schema_version": SCHEMA_VERSION})).sizes
        Frozen({})
    """
    from xarray import Dataset

    if not isinstance(data, Dataset):
        raise TypeError(f"`data` must be an xarray Dataset, got {type(data).__name__}.")
    version = data.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        raise SchemaError(f"`schema_version` must be {SCHEMA_VERSION}, got {version!r}.")
    for name, variable in data.data_vars.items():
        entry = describe(str(name))
        missing = [dim for dim in entry.dims if dim not in variable.dims]
        if missing:
            raise SchemaError(f"`{name}` must have the dims {entry.dims}, got {variable.dims}.")
        _check_unit(str(name), variable)
    for name, coordinate in data.coords.items():
        if name in VARIABLES:
            _check_unit(str(name), coordinate)
    return data


def _check_unit(name: str, variable: xr.DataArray) -> None:
    unit, expected = variable.attrs.get("units"), describe(name).unit
    if name == "time" and unit == FRACTION_OF_PULSE["units"]:
        return
    if unit != expected:
        raise SchemaError(f"`{name}` must have the unit {expected!r}, got {unit!r}.")
