"""The vocabulary of results, and Datasets through a file and back."""

import dataclasses
import importlib.metadata
import json
import platform

import numpy as np
import pytest
import xarray as xr

from rzqiskit import RosenZenerBattery, SchemaError, SineSquaredDrive, evolve_exact
from rzqiskit.exact import QUANTITIES
from rzqiskit.schema import (
    METRICS,
    SCHEMA_VERSION,
    VARIABLES,
    describe,
    make_dataset,
    provenance,
    validate_dataset,
)

BATTERY = RosenZenerBattery(num_qubits=5, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0)
TIMES = np.linspace(0.0, 0.3, 4)


@pytest.fixture(scope="module")
def exact():
    return evolve_exact(BATTERY, TIMES, quantities=QUANTITIES)


@pytest.mark.parametrize("name", METRICS)
def test_derived_names(name):
    base = describe(name)
    for prefix, unit in (
        ("maximum_", base.unit),
        ("time_of_maximum_", "time"),
        ("final_", base.unit),
    ):
        entry = describe(prefix + name)
        assert (entry.unit, entry.dims) == (unit, ())
        assert base.long_name in entry.long_name
        assert base.symbol in entry.symbol
        stderr = describe(f"{prefix}{name}_stderr")
        assert (stderr.unit, stderr.dims) == (unit, ())
    stderr = describe(f"{name}_stderr")
    assert (stderr.unit, stderr.dims) == (base.unit, ("time",))
    assert stderr.long_name == f"standard error of the {base.long_name}"


def test_derived_names_are_all_different():
    names = [f"{p}{n}" for n in METRICS for p in ("", "maximum_", "time_of_maximum_", "final_")]
    entries = [describe(name) for name in names]
    assert len({entry.long_name for entry in entries}) == len(names)
    assert len({entry.symbol for entry in entries}) == len(names)
    assert describe("final_population").dims == ("excitations",)


@pytest.mark.parametrize(
    "name",
    [
        "energy",
        "",
        "_stderr",
        "energy_stderr",
        "maximum_",
        "maximum_energy",
        "maximum_maximum_stored_energy",
        "stored_energy_maximum",
    ],
)
def test_unknown_names(name):
    with pytest.raises(SchemaError, match=r"^`.*` is not a variable of the schema\.$"):
        describe(name)


def test_vocabulary_is_complete_and_typed():
    assert set(METRICS) <= set(VARIABLES)
    assert {entry.unit for entry in VARIABLES.values()} == {"energy", "power", "time", "bit", "1"}
    with pytest.raises(dataclasses.FrozenInstanceError, match="unit"):
        VARIABLES["time"].unit = "s"


def test_make_dataset():
    data = make_dataset(
        {"stored_energy": (("time",), [0.0, 1.5]), "maximum_stored_energy": ((), 1.5)},
        {"time": (("time",), [0.0, 0.1]), "interaction": ((), 2.0)},
        {"solver": "exact"},
    )
    assert data.stored_energy.attrs == {
        "long_name": "stored energy",
        "symbol": "E",
        "units": "energy",
    }
    assert data.maximum_stored_energy.attrs["symbol"] == r"E_\max"
    assert data.time.attrs["units"] == "time"
    assert data.interaction.attrs == {}  # a swept parameter is outside the schema
    assert data.attrs == {"solver": "exact"}
    data.stored_energy.attrs["units"] = "changed"
    again = make_dataset({"stored_energy": ((), 1.0)}, {}, {})
    assert again.stored_energy.attrs["units"] == "energy"  # entries are not shared
    with pytest.raises(TypeError, match=r"^`name` must be a string, got int\.$"):
        describe(5)
    with pytest.raises(SchemaError, match=r"^`energy` is not a variable of the schema\.$"):
        make_dataset({"energy": ((), 1.0)}, {}, {})


def numbers(rng):
    """Return variables and coords of one layout with other values each time."""
    times = np.linspace(0.0, 1.0, 5)
    variables = {
        "stored_energy": (("time",), rng.normal(size=5)),
        "population": (("time", "excitations"), rng.random((5, 3))),
        "shots": (("time",), rng.integers(1, 9, 5)),
        "maximum_stored_energy": ((), rng.normal()),
    }
    coords = {"time": (("time",), times), "excitations": (("excitations",), np.arange(3))}
    return variables, coords


def plainly_built(variables, coords, attrs):
    """Return what xarray itself makes of the same parts."""

    def entries(parts):
        names = ("long_name", "symbol", "unit")
        labels = [[getattr(describe(name), n) for n in names] for name in parts]
        return {
            name: (dims, values, dict(zip(("long_name", "symbol", "units"), label, strict=True)))
            for (name, (dims, values)), label in zip(parts.items(), labels, strict=True)
        }

    return xr.Dataset(entries(variables), entries(coords), attrs)


def without_private_parts(self, arrays, attrs):
    raise AttributeError("no such slot")


def with_other_private_parts(self, arrays, attrs):
    return self._dataset.drop_vars("shots")


@pytest.mark.parametrize("private", [None, without_private_parts, with_other_private_parts])
def test_renewed_datasets_are_those_that_xarray_builds(private, monkeypatch, tmp_path):
    from rzqiskit import schema

    monkeypatch.setattr(schema, "_templates", {})
    if private is not None:
        monkeypatch.setattr(schema._Template, "_renewed", private)
    rng = np.random.default_rng(11)
    for i in range(3):
        variables, coords = numbers(rng)
        data = make_dataset(variables, coords, {"solver": f"run {i}"})
        expected = plainly_built(variables, coords, {"solver": f"run {i}"})
        assert data.identical(expected)
        assert list(data) == list(expected)
        assert data.sizes == expected.sizes
        assert data.indexes.keys() == expected.indexes.keys()
        data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
        assert xr.load_dataset(tmp_path / "data.nc").identical(expected)
        assert data.sel(time=0.5).identical(expected.sel(time=0.5))
        assert (data.stored_energy + data.time).identical(expected.stored_energy + expected.time)
    (template,) = schema._templates.values()
    assert template._is_short is (private is None)


def test_renewed_datasets_share_nothing_that_can_be_written():
    rng = np.random.default_rng(12)
    variables, coords = numbers(rng)
    first, second = make_dataset(variables, coords, {}), make_dataset(*numbers(rng), {})
    kept = second.copy(deep=True)
    first.attrs["solver"] = first.time.attrs["units"] = first.shots.attrs["units"] = "changed"
    first["time"] = [5.0, 6.0, 7.0, 8.0, 9.0]
    first["cell_entropy"] = ("time", np.zeros(5))
    first.population.values[:] = -1.0
    first.stored_energy.encoding["dtype"] = "float32"
    del first["shots"]
    assert second.identical(kept)
    assert make_dataset(variables, coords, {}).time.attrs["units"] == "time"
    assert second.stored_energy.encoding == {}


def test_other_kinds_of_values_go_the_long_way():
    for values in (["a", "b"], np.array(["2024-01-01", "2024-01-02"], "datetime64[s]")):
        data = make_dataset(
            {"stored_energy": (("time",), values)}, {"time": (("time",), [0.0, 1.0])}, {}
        )
        assert data.stored_energy.values.tolist() == xr.DataArray(values).values.tolist()


def test_provenance():
    attrs = provenance(
        BATTERY,
        solver="exact",
        tolerance=1e-10,
        sampler=None,
        exact=True,
        grid={"dims": ["time"]},
        wide=np.int64(3),
        narrow=np.float32(0.5),
        flag=np.True_,
        long=2**63,
        longest=-(2**63) + 1,
    )
    assert RosenZenerBattery.from_dict(json.loads(attrs["battery"])) == BATTERY
    assert attrs["schema_version"] == SCHEMA_VERSION
    assert attrs["rzqiskit_version"] == importlib.metadata.version("rzqiskit")
    assert attrs["numpy_version"] == np.__version__
    assert attrs["python_version"] == platform.python_version()
    assert (attrs["solver"], attrs["tolerance"]) == ("exact", 1e-10)
    assert (attrs["sampler"], attrs["exact"], attrs["flag"]) == ("null", "true", "true")
    assert json.loads(attrs["grid"]) == {"dims": ["time"]}
    assert (attrs["wide"], attrs["narrow"]) == (3, 0.5)
    assert (attrs["long"], attrs["longest"]) == ("9223372036854775808", -9223372036854775807)
    assert {type(value) for value in attrs.values()} == {str, int, float}
    assert "battery" not in provenance(solver="exact")


def small():
    return make_dataset(
        {
            "population": (("time", "excitations"), np.full((2, 3), 1 / 3)),
            "stored_energy_stderr": (("time",), [0.0, 0.1]),
        },
        {"time": (("time",), [0.0, 0.1]), "excitations": (("excitations",), [0, 1, 2])},
        provenance(),
    )


def test_validate_returns_the_same_dataset(exact):
    data = small()
    assert validate_dataset(data) is data
    assert validate_dataset(exact) is exact
    swept = data.expand_dims(interaction=[1.0, 2.0])
    assert validate_dataset(swept) is swept


def test_validate_refuses_another_version():
    data = small()
    data.attrs["schema_version"] = 99
    with pytest.raises(SchemaError, match=r"^`schema_version` must be 1, got 99\.$"):
        validate_dataset(data)
    with pytest.raises(SchemaError, match=r"^`schema_version` must be 1, got None\.$"):
        validate_dataset(xr.Dataset())


def test_validate_refuses_unknown_variables():
    with pytest.raises(SchemaError, match=r"^`energy` is not a variable of the schema\.$"):
        validate_dataset(small().assign(energy=1.0))


def test_validate_refuses_wrong_dims():
    with pytest.raises(SchemaError, match=r"^`population` must have the dims .*, got \('time',\)"):
        validate_dataset(small().isel(excitations=0))


@pytest.mark.parametrize("name", ["population", "stored_energy_stderr", "time", "excitations"])
def test_validate_refuses_wrong_units(name):
    for unit in ("joule", None):
        data = small()
        if unit is None:
            del data[name].attrs["units"]
        else:
            data[name].attrs["units"] = unit
        with pytest.raises(SchemaError, match=rf"^`{name}` must have the unit '.*', got {unit!r}"):
            validate_dataset(data)


def test_times_may_be_fractions_of_the_pulse():
    data = small()
    data.time.attrs["units"] = "duration"
    assert validate_dataset(data) is data
    data.excitations.attrs["units"] = "duration"
    with pytest.raises(SchemaError, match="`excitations` must have the unit '1', got 'duration'"):
        validate_dataset(data)


@pytest.mark.parametrize("other", [5, None, {"stored_energy": 1.0}])
def test_validate_refuses_what_is_no_dataset(other):
    with pytest.raises(TypeError, match=rf"be an xarray Dataset, got {type(other).__name__}\.$"):
        validate_dataset(other)


def test_schema_error_is_a_value_error():
    assert issubclass(SchemaError, ValueError)


def test_exact_dataset_through_netcdf(exact, tmp_path):
    path = tmp_path / "exact.nc"
    exact.to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path, engine="h5netcdf") as read:
        read.load()
    xr.testing.assert_identical(validate_dataset(read), exact)
    assert set(QUANTITIES) <= set(read.data_vars)
    for name in exact.variables:
        assert read[name].dtype.kind == exact[name].dtype.kind
        assert read[name].attrs == exact[name].attrs
    assert RosenZenerBattery.from_dict(json.loads(read.attrs["battery"])) == BATTERY


def test_counts_stay_integers_through_netcdf(tmp_path):
    data = make_dataset(
        {
            "counts": (("time", "excitations"), np.array([[2**40, 0], [3, 4]])),
            "shots": (("time",), np.array([2**40, 7])),
        },
        {"time": (("time",), [0.0, 0.1]), "excitations": (("excitations",), [0, 1])},
        provenance(seed=None),
    )
    data.to_netcdf(tmp_path / "counts.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "counts.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(validate_dataset(read.load()), data)
    assert read["counts"].dtype == np.int64
