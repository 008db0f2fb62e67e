"""The many-body Rosen-Zener quantum battery: exact, analytic and as quantum circuits.

Guo, Yang, Dou, Phys. Rev. A 109, 032201 (2024). hbar = 1 throughout. Names load on first use, so
that ``import rzqiskit`` alone costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> module that defines it
_MODULES = {
    "BatteryGrid": "grid",
    "CollectiveZZGate": "circuits.gates",
    "ConvergenceError": "exact",
    "DickeEstimator": "emulator",
    "DickeSampler": "emulator",
    "Drive": "drives",
    "ExponentialDrive": "drives",
    "GaussianDrive": "drives",
    "HarmonicDrive": "drives",
    "RectangularDrive": "drives",
    "RosenZenerBattery": "model",
    "SampledDrive": "drives",
    "SchemaError": "schema",
    "SechDrive": "drives",
    "SineSquaredDrive": "drives",
    "SymmetryError": "emulator",
    "build_charging_circuits": "circuits.charging",
    "compare": "comparison",
    "compile_circuits": "circuits.compilation.compiler",
    "evolve_analytic": "analytic",
    "evolve_exact": "exact",
    "ground_state_transition": "spectrum",
    "run_charging": "charging",
    "undriven_spectrum": "spectrum",
}

__all__ = sorted(_MODULES)

if TYPE_CHECKING:
    from rzqiskit.analytic import evolve_analytic as evolve_analytic
    from rzqiskit.charging import run_charging as run_charging
    from rzqiskit.circuits.charging import build_charging_circuits as build_charging_circuits
    from rzqiskit.circuits.compilation.compiler import compile_circuits as compile_circuits
    from rzqiskit.circuits.gates import CollectiveZZGate as CollectiveZZGate
    from rzqiskit.comparison import compare as compare
    from rzqiskit.drives import Drive as Drive
    from rzqiskit.drives import ExponentialDrive as ExponentialDrive
    from rzqiskit.drives import GaussianDrive as GaussianDrive
    from rzqiskit.drives import HarmonicDrive as HarmonicDrive
    from rzqiskit.drives import RectangularDrive as RectangularDrive
    from rzqiskit.drives import SampledDrive as SampledDrive
    from rzqiskit.drives import SechDrive as SechDrive
    from rzqiskit.drives import SineSquaredDrive as SineSquaredDrive
    from rzqiskit.emulator import DickeEstimator as DickeEstimator
    from rzqiskit.emulator import DickeSampler as DickeSampler
    from rzqiskit.emulator import SymmetryError as SymmetryError
    from rzqiskit.exact import ConvergenceError as ConvergenceError
    from rzqiskit.exact import evolve_exact as evolve_exact
    from rzqiskit.grid import BatteryGrid as BatteryGrid
    from rzqiskit.model import RosenZenerBattery as RosenZenerBattery
    from rzqiskit.schema import SchemaError as SchemaError
    from rzqiskit.spectrum import ground_state_transition as ground_state_transition
    from rzqiskit.spectrum import undriven_spectrum as undriven_spectrum


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(importlib.import_module(f"rzqiskit.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rzqiskit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
