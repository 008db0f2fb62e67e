"""The package as installed: cheap to import, with every public name in place."""

import ast
import importlib.metadata
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rzqiskit

HEAVY = {
    "qiskit", "qiskit_aer", "matplotlib", "numba", "xarray", "dask", "scipy", "pandas", "typer",
}  # fmt: skip
PRINT_LOADED = "print(*{name.split('.')[0] for name in sys.modules})"
ROOT = Path(__file__).parents[1]


def run_python(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_import_loads_nothing_heavy():
    loaded = run_python(f"import sys, rzqiskit\n{PRINT_LOADED}").split()
    assert "rzqiskit" in loaded
    assert HEAVY & set(loaded) == set()


def test_battery_and_drive_load_nothing_heavy():
    code = (
        "import sys, rzqiskit as rz\n"
        "drive = rz.SineSquaredDrive(amplitude=20.0, period=0.3)\n"
        "rz.RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)\n"
        "drive.area(0.0, 0.1)\n"
        f"{PRINT_LOADED}"
    )
    assert HEAVY & set(run_python(code).split()) == set()


def test_import_costs_less_than_150_ms():
    # Timed inside fresh interpreters, so that the start of Python is not in it; the median of
    # seven is blind to three hiccups of the machine. An eager numpy alone (0.1 s) is within the
    # bound, an eager xarray (0.5 s), scipy or qiskit is not.
    code = (
        "import time; start = time.perf_counter(); import rzqiskit; "
        "print(time.perf_counter() - start)"
    )
    seconds = [float(run_python(code)) for _ in range(7)]
    assert statistics.median(seconds) < 0.15, seconds


def test_version_is_that_of_the_metadata():
    assert rzqiskit.__version__ == importlib.metadata.version("rzqiskit")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == rzqiskit.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [rzqiskit.__version__]


@pytest.mark.parametrize("name", rzqiskit.__all__)
def test_public_names_resolve(name):
    value = getattr(rzqiskit, name)
    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(rzqiskit)


def test_public_names_are_sorted_and_complete():
    assert list(rzqiskit.__all__) == sorted(set(rzqiskit.__all__))
    promised = {
        "RosenZenerBattery", "SineSquaredDrive", "GaussianDrive", "SechDrive", "ExponentialDrive",
        "RectangularDrive", "HarmonicDrive", "SampledDrive", "Drive", "evolve_exact",
        "evolve_analytic", "build_charging_circuits", "run_charging", "compare",
        "compile_circuits", "CollectiveZZGate", "DickeSampler", "SymmetryError",
    }  # fmt: skip
    assert promised - set(rzqiskit.__all__) == set()


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'rzqiskit' has no attribute 'evolve'"):
        rzqiskit.evolve  # noqa: B018


def test_names_for_type_checkers_are_the_lazy_ones():
    """mypy sees the names under TYPE_CHECKING, users those of `__all__`: one list, twice."""
    source = Path(rzqiskit.__file__).read_text(encoding="utf-8")
    pattern = r"    from rzqiskit\.([\w.]+) import (\w+) as \2"
    declared = {name: module for module, name in re.findall(pattern, source)}
    assert declared == rzqiskit._MODULES


def test_package_ships_its_type_hints_and_licence():
    files = importlib.metadata.files("rzqiskit") or []
    assert (Path(rzqiskit.__file__).parent / "py.typed").is_file()
    assert any(file.name == "LICENSE" for file in files)


def imported_libraries(folder):
    """Return the libraries that the files of a folder import, also inside functions."""
    found = set()
    for path in folder.rglob("*.py"):
        if "benchmarks" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    own = {"rzqiskit", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    return found - set(sys.stdlib_module_names) - own


@pytest.mark.parametrize(
    ("folder", "extras"), [("rzqiskit", ("mitigation",)), ("tests", ("test",))]
)
def test_every_imported_library_is_a_declared_dependency(folder, extras):
    """What happens to be installed here, or comes along with another library, is not enough."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    declared = {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-") for line in lines}
    distributions = importlib.metadata.packages_distributions()
    undeclared = {
        library
        for library in imported_libraries(ROOT / folder)
        if not {name.lower().replace("_", "-") for name in distributions.get(library, [library])}
        & declared
    }
    assert undeclared == set()


def test_command_is_installed():
    scripts = importlib.metadata.entry_points(group="console_scripts")
    assert scripts["rzqiskit"].value == "rzqiskit.cli:main"
