"""The stage plugins inside Qiskit's preset pass managers."""

import numpy as np
import pytest
from qiskit.transpiler import generate_preset_pass_manager
from qiskit.transpiler.passmanager_config import PassManagerConfig

from rzqiskit.circuits.compilation.plugin import (
    CollectiveFractionalLayout,
    CollectiveInit,
    CollectiveLayout,
    CollectiveLineLayout,
    CollectiveParityLayout,
)

STAGES = {
    "collective": CollectiveLayout,
    "collective_line": CollectiveLineLayout,
    "collective_parity": CollectiveParityLayout,
    "collective_fractional": CollectiveFractionalLayout,
}


def preset(target, level, plugin=CollectiveLayout, line=None):
    """Return a preset pass manager with our stages put in by hand."""
    manager = generate_preset_pass_manager(
        optimization_level=level, target=target, routing_method="none", seed_transpiler=3
    )
    config = PassManagerConfig(target=target, initial_layout=line)
    manager.init = CollectiveInit().pass_manager(config, level)
    manager.layout = plugin().pass_manager(config, level)
    return manager


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["FakeTorino", "FakeSherbrooke", "FractionalBoston"])
def test_every_level_keeps_function_and_price(
    devices, charging, outcome_probabilities, check_isa, name, level
):
    target = devices[name].target
    circuit = charging(6, 2, uneven=5)
    compiled = preset(target, level, CollectiveLineLayout).run(circuit)
    check_isa(compiled, target)
    assert compiled.num_nonlocal_gates() <= 2 * 40
    np.testing.assert_allclose(
        outcome_probabilities(compiled),
        outcome_probabilities(circuit.decompose("collective_zz")),
        atol=1e-9,  # what the block synthesis of levels 2 and 3 leaves
    )


@pytest.mark.parametrize("plugin", STAGES.values())
def test_plugins_choose_their_network(devices, charging, check_isa, plugin):
    target = devices["FractionalBoston"].target
    compiled = preset(target, 1, plugin).run(charging(10, 1))
    check_isa(compiled, target)
    price = {"line": 126, "parity": 97, "fractional": 117, "auto": 97}[plugin.network]
    assert compiled.num_nonlocal_gates() <= price


def test_a_given_layout_is_the_line(devices, charging):
    line = [0, 1, 2, 3, 4]
    compiled = preset(devices["FakeTorino"].target, 1, line=line).run(charging(5, 1))
    assert compiled.layout.initial_index_layout(filter_ancillas=True) == line


def test_a_stage_without_a_device_is_refused():
    with pytest.raises(ValueError, match="`backend` or `target` must be given"):
        CollectiveLayout().pass_manager(PassManagerConfig())


def test_a_layout_of_another_length_is_refused(devices, charging):
    manager = preset(devices["FakeTorino"].target, 1, line=[0, 1, 2])
    with pytest.raises(ValueError, match="`line` must have one entry for each of 5 qubits, got 3"):
        manager.run(charging(5, 1))


@pytest.mark.parametrize("method", STAGES)
def test_entry_points_by_name(devices, charging, method):
    target = devices["FractionalBoston"].target
    manager = generate_preset_pass_manager(
        optimization_level=1,
        target=target,
        init_method="collective",
        layout_method=method,
        routing_method="none",
        seed_transpiler=3,
    )
    circuit = charging(5, 2)
    assert manager.run(circuit) == preset(target, 1, STAGES[method]).run(circuit)
