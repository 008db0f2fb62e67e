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
    "ChargingSchedule": "circuits.schedule",
    "CollectiveZZGate": "circuits.gates",
    "ConvergenceError": "exact",
    "DickeEstimator": "emulator",
    "DickeSampler": "emulator",
    "Drive": "drives",
    "ErrorBudget": "planning",
    "ExponentialDrive": "drives",
    "GaussianDrive": "drives",
    "HarmonicDrive": "drives",
    "Plan": "planning",
    "ReadoutErrors": "mitigation",
    "RectangularDrive": "drives",
    "RosenZenerBattery": "model",
    "SampledDrive": "drives",
    "SchemaError": "schema",
    "SechDrive": "drives",
    "SineSquaredDrive": "drives",
    "SymmetryError": "emulator",
    "build_charging_circuits": "circuits.charging",
    "build_charging_sweeps": "circuits.charging",
    "charging_schedule": "circuits.product_formula",
    "charging_schedules": "circuits.product_formula",
    "collect_all_mitigations": "submission",
    "collect_charging": "submission",
    "compare": "comparison",
    "compile_circuits": "circuits.compilation.compiler",
    "error_budget": "planning",
    "estimate_metrics": "estimation",
    "evolve_analytic": "analytic",
    "evolve_exact": "exact",
    "evolve_schedule": "emulator",
    "extrapolate_guided_metrics": "mitigation",
    "extrapolate_metrics": "mitigation",
    "ground_state_transition": "spectrum",
    "join_reports": "comparison",
    "make_aer_sampler": "execution.sampling",
    "mitigate_metrics": "mitigation",
    "multi_product_formula": "circuits.multi_product",
    "open_sweep": "sweeps",
    "plan": "planning",
    "reproduce_figure": "reproduction.figures",
    "run_charging": "charging",
    "submit_charging": "submission",
    "sweep": "sweeps",
    "undriven_spectrum": "spectrum",
    "validate_claims": "reproduction.claims.validation",
}

__all__ = sorted(_MODULES)

if TYPE_CHECKING:
    from rzqiskit.analytic import evolve_analytic as evolve_analytic
    from rzqiskit.charging import run_charging as run_charging
    from rzqiskit.circuits.charging import build_charging_circuits as build_charging_circuits
    from rzqiskit.circuits.charging import build_charging_sweeps as build_charging_sweeps
    from rzqiskit.circuits.compilation.compiler import compile_circuits as compile_circuits
    from rzqiskit.circuits.gates import CollectiveZZGate as CollectiveZZGate
    from rzqiskit.circuits.multi_product import multi_product_formula as multi_product_formula
    from rzqiskit.circuits.product_formula import charging_schedule as charging_schedule
    from rzqiskit.circuits.product_formula import charging_schedules as charging_schedules
    from rzqiskit.circuits.schedule import ChargingSchedule as ChargingSchedule
    from rzqiskit.comparison import compare as compare
    from rzqiskit.comparison import join_reports as join_reports
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
    from rzqiskit.emulator import evolve_schedule as evolve_schedule
    from rzqiskit.estimation import estimate_metrics as estimate_metrics
    from rzqiskit.exact import ConvergenceError as ConvergenceError
    from rzqiskit.exact import evolve_exact as evolve_exact
    from rzqiskit.execution.sampling import make_aer_sampler as make_aer_sampler
    from rzqiskit.grid import BatteryGrid as BatteryGrid
    from rzqiskit.mitigation import ReadoutErrors as ReadoutErrors
    from rzqiskit.mitigation import extrapolate_guided_metrics as extrapolate_guided_metrics
    from rzqiskit.mitigation import extrapolate_metrics as extrapolate_metrics
    from rzqiskit.mitigation import mitigate_metrics as mitigate_metrics
    from rzqiskit.model import RosenZenerBattery as RosenZenerBattery
    from rzqiskit.planning import ErrorBudget as ErrorBudget
    from rzqiskit.planning import Plan as Plan
    from rzqiskit.planning import error_budget as error_budget
    from rzqiskit.planning import plan as plan
    from rzqiskit.reproduction.claims.validation import validate_claims as validate_claims
    from rzqiskit.reproduction.figures import reproduce_figure as reproduce_figure
    from rzqiskit.schema import SchemaError as SchemaError
    from rzqiskit.spectrum import ground_state_transition as ground_state_transition
    from rzqiskit.spectrum import undriven_spectrum as undriven_spectrum
    from rzqiskit.submission import collect_all_mitigations as collect_all_mitigations
    from rzqiskit.submission import collect_charging as collect_charging
    from rzqiskit.submission import submit_charging as submit_charging
    from rzqiskit.sweeps import open_sweep as open_sweep
    from rzqiskit.sweeps import sweep as sweep


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(importlib.import_module(f"rzqiskit.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rzqiskit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
