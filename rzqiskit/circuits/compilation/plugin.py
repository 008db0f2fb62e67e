"""The stage plugins that make the networks usable from ``generate_preset_pass_manager``.

    generate_preset_pass_manager(
        backend=backend, init_method="collective", layout_method="collective", routing_method="none"
    )

The init stage leaves collective gates whole (Qiskit's own would take them apart), the layout stage
chooses line and network; with ``routing_method="none"`` Qiskit refuses to route rather than add a
gate. ``layout_method`` may also be ``"collective_line"``, ``"collective_parity"`` or
``"collective_fractional"``. An `initial_layout` given to Qiskit is taken as the line.
"""

from __future__ import annotations

from typing import Any

from qiskit.transpiler import Layout, PassManager
from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePlugin

from rzqiskit.circuits.compilation.passes import CollectiveNetwork, embedding_passes

__all__ = [
    "CollectiveFractionalLayout",
    "CollectiveInit",
    "CollectiveLayout",
    "CollectiveLineLayout",
    "CollectiveParityLayout",
]


class CollectiveInit(PassManagerStagePlugin):  # type: ignore[misc]
    """An init stage that does nothing, so that collective gates reach the layout stage whole."""

    def pass_manager(
        self, pass_manager_config: Any, optimization_level: int | None = None
    ) -> PassManager:
        """Return the stage."""
        return PassManager()


class CollectiveLayout(PassManagerStagePlugin):  # type: ignore[misc]
    """A layout stage that chooses the line and writes the networks."""

    network = "auto"

    def pass_manager(
        self, pass_manager_config: Any, optimization_level: int | None = None
    ) -> PassManager:
        """Return the stage."""
        target = pass_manager_config.target
        if target is None:
            raise ValueError("`backend` or `target` must be given for collective networks.")
        line = pass_manager_config.initial_layout
        if isinstance(line, Layout):
            raise ValueError(
                "`initial_layout` must be a list of physical qubits for collective networks, got "
                "a Layout."
            )
        return PassManager(
            [CollectiveNetwork(target, self.network, line), *embedding_passes(target)]
        )


class CollectiveLineLayout(CollectiveLayout):
    """`CollectiveLayout` with the swap network."""

    network = "line"


class CollectiveParityLayout(CollectiveLayout):
    """`CollectiveLayout` with the parity-label network."""

    network = "parity"


class CollectiveFractionalLayout(CollectiveLayout):
    """`CollectiveLayout` with the swap network in native RZZ gates."""

    network = "fractional"
