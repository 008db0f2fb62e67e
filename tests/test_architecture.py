"""Which part of the package may import which, read from the source.

Every import counts: at the top of a file, inside a function, under ``TYPE_CHECKING``. The last kind
never runs, so it may name a type of Qiskit or xarray anywhere; between the package's own parts it
is a dependency like any other.
"""

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

import rzqiskit

PACKAGE = Path(rzqiskit.__file__).parent

# part -> parts that it may import; all may import themselves and `validation`
PARAMETERS = {"drives", "model"}
TABLE = {
    "validation": set(),
    "cores": set(),
    "drives": set(),
    "schema": set(),
    "model": {"drives"},
    "grid": PARAMETERS,
    "metrics": set(),
    "correlations": {"model"},
    "spectrum": {*PARAMETERS, "dicke", "schema"},
    "dicke": {*PARAMETERS},
    "batches": {*PARAMETERS, "grid", "dicke", "cores"},
    "exact_report": {*PARAMETERS, "grid", "dicke"},
    "exact": {
        *PARAMETERS, "grid", "schema", "metrics", "correlations", "dicke", "batches",
        "exact_report",
    },
    "analytic": {*PARAMETERS, "schema", "metrics", "dicke"},
    "circuits": {*PARAMETERS},
    "emulator": {"dicke", "circuits"},
    "execution": {"circuits", "cores"},
    "symmetric_noise": {"circuits"},
    "estimation": {"metrics"},
    "mitigation": {"metrics", "estimation"},
    "charging": {
        *PARAMETERS, "schema", "metrics", "dicke", "circuits", "emulator", "execution",
        "estimation",
    },
    "submission": {
        *PARAMETERS, "schema", "metrics", "circuits", "execution", "estimation", "mitigation",
    },
    "comparison": {
        *PARAMETERS, "schema", "metrics", "estimation", "exact", "analytic", "charging",
    },
    "sweeps": {
        *PARAMETERS, "grid", "schema", "metrics", "batches", "exact", "analytic", "charging",
        "circuits", "estimation", "execution", "cores",
    },
    "planning": {
        *PARAMETERS, "schema", "metrics", "dicke", "exact", "circuits", "execution", "emulator",
        "estimation", "mitigation", "charging", "symmetric_noise",
    },
    "noisy_comparison": {
        *PARAMETERS, "schema", "exact", "circuits", "execution", "estimation", "mitigation",
        "charging", "planning",
    },
    "reproduction": {
        *PARAMETERS, "grid", "schema", "metrics", "correlations", "spectrum", "exact", "analytic",
        "circuits", "emulator", "execution", "estimation", "charging", "comparison", "sweeps",
        "cores",
    },
    "plotting": {"schema"},
}  # fmt: skip
TABLE["cli"] = set(TABLE)  # parses, calls and prints, so it may call everything

# library -> parts that may import it
LIBRARIES = {
    "qiskit": {"circuits", "emulator", "execution", "cli"},
    "qiskit_aer": {"execution", "cli"},
    "qiskit_ibm_runtime": {"execution", "cli"},
    "mthree": {"mitigation"},
    "matplotlib": {"plotting", "cli"},
    "numba": {"dicke"},
    "typer": {"cli"},
    "rich": {"cli", "sweeps"},  # a sweep shows its progress in notebooks too
    "click": {"cli"},
    "pickle": set(),
}


class Import(NamedTuple):
    module: str  # dotted, as far as it is a module of the package, else the library
    runs: bool  # False under TYPE_CHECKING
    at_import: bool  # at module level, so part of a cycle
    line: int


def module_name(path):
    parts = ("rzqiskit", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part_of(module):
    """Return the part that a module of the package belongs to; the package itself is ''."""
    return module.partition(".")[2].partition(".")[0]


def imports_of(module, source):
    """Return the imports of a file, in the order in which they stand there."""
    found = []

    def is_type_checking(test):
        return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"

    def visit(node, runs, at_import):
        if isinstance(node, ast.Import):
            # Whose attributes load anything, past this test.
            assert "rzqiskit" not in [alias.name for alias in node.names], f"{module}:{node.lineno}"
            found.extend(
                Import(resolve(alias.name), runs, at_import, node.lineno) for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            for alias in node.names:
                target = f"{node.module}.{alias.name}"
                if node.module == "rzqiskit" and alias.name in rzqiskit._MODULES:
                    target = f"rzqiskit.{rzqiskit._MODULES[alias.name]}"  # loaded on first use
                name = target if target in SOURCES else node.module
                found.append(Import(resolve(name), runs, at_import, node.lineno))
        elif isinstance(node, ast.If) and is_type_checking(node.test):
            for child in node.body:
                visit(child, False, at_import)
            for child in node.orelse:
                visit(child, runs, at_import)
        else:
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                visit(child, runs, at_import and not inside)

    visit(ast.parse(source), True, True)
    return found


def resolve(name):
    if name.split(".")[0] != "rzqiskit":
        return name.split(".")[0]
    while name not in SOURCES:
        name = name.rpartition(".")[0]
    return name


IMPORTS = {
    module: imports_of(module, path.read_text(encoding="utf-8")) for module, path in SOURCES.items()
}


def is_own(name):
    return name.split(".")[0] == "rzqiskit"


def test_every_part_is_in_the_table():
    assert len(SOURCES) > 50  # the files were found
    parts = {part_of(module) for module in SOURCES} - {""}
    assert parts - set(TABLE) == set(), "say in TABLE what a new part may import"


def test_table_itself_has_no_cycles():
    assert cycle({part: sorted(allowed) for part, allowed in TABLE.items()}) is None


@pytest.mark.parametrize("module", [module for module in SOURCES if part_of(module)])
def test_parts_import_what_the_table_allows(module):
    part = part_of(module)
    allowed = {part, "validation", *TABLE[part]}
    wrong = [
        f"line {found.line}: {found.module}"
        for found in IMPORTS[module]
        # `from rzqiskit import __version__` is the package itself, which imports nothing.
        if is_own(found.module) and part_of(found.module) and part_of(found.module) not in allowed
    ]
    assert not wrong, f"{module} must not import {wrong}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_only_some_parts_import_a_library(library):
    wrong = [
        f"{module}, line {found.line}"
        for module, imports in IMPORTS.items()
        for found in imports
        if found.module == library and found.runs and part_of(module) not in LIBRARIES[library]
    ]
    assert not wrong, f"{library} is imported by {wrong}"
    if LIBRARIES[library] and library not in ("click", "qiskit_ibm_runtime"):
        assert any(found.module == library for imports in IMPORTS.values() for found in imports)


def test_the_package_itself_imports_nothing_of_its_own():
    own = [found for found in IMPORTS["rzqiskit"] if is_own(found.module) and found.runs]
    assert own == []


def test_only_the_package_itself_imports_by_name():
    """What `importlib` loads escapes this test, so nothing else may."""
    wrong = []
    for module, path in SOURCES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__") and module != "rzqiskit":
                wrong.append(f"{module}, line {node.lineno}")
    assert wrong == []


def test_lazy_names_of_the_package_come_from_existing_modules():
    for name, module in rzqiskit._MODULES.items():
        assert f"rzqiskit.{module}" in SOURCES, name


def cycle(graph):
    """Return a cycle of a directed graph as a list of nodes, or None."""
    done, path = set(), []

    def search(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        for successor in graph.get(node, ()):
            if (found := search(successor)) is not None:
                return found
        done.add(path.pop())
        return None

    for node in graph:
        if (found := search(node)) is not None:
            return found
    return None


def test_no_cycles_between_modules():
    graph = {
        module: sorted({i.module for i in imports if i.runs and i.at_import and is_own(i.module)})
        for module, imports in IMPORTS.items()
    }
    # A package's __init__ names its own modules and they may name the package: not a cycle of use.
    for module, targets in graph.items():
        graph[module] = [target for target in targets if target not in ("rzqiskit", module)]
    assert cycle(graph) is None


def test_no_cycles_between_parts():
    """Also counting what loads inside functions: a lazy import is no way round the table."""
    graph = {}
    for module, imports in IMPORTS.items():
        for found in imports:
            if is_own(found.module) and part_of(found.module) != part_of(module):
                graph.setdefault(part_of(module), set()).add(part_of(found.module))
    graph.pop("", None)  # the package itself names everything
    assert cycle({part: sorted(targets) for part, targets in graph.items()}) is None


def test_this_test_sees_what_it_should():
    source = (
        "import qiskit.circuit\n"
        "from rzqiskit import drives, Drive, __version__\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from xarray import Dataset\n"
        "else:\n    import numba\n"
        "def f():\n    from rzqiskit.drives import Drive\n    import matplotlib.pyplot as plt\n"
    )
    assert imports_of("rzqiskit.model", source) == [
        Import("qiskit", True, True, 1),
        Import("rzqiskit.drives", True, True, 2),
        Import("rzqiskit.drives", True, True, 2),
        Import("rzqiskit", True, True, 2),
        Import("typing", True, True, 3),
        Import("xarray", False, True, 5),
        Import("numba", True, True, 7),
        Import("rzqiskit.drives", True, False, 9),
        Import("matplotlib", True, False, 10),
    ]
    assert cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert cycle({"a": ["b", "c"], "b": ["c"], "c": []}) is None
