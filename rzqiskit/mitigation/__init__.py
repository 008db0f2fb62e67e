"""Removing what the hardware did to the counts, at the price of a larger standard error.

Arrays come in, estimates and their errors go out; no Qiskit, no batteries. Raw estimates
(`rzqiskit.estimation`) are never replaced: keep them beside the mitigated ones.
"""

from rzqiskit.mitigation.corrected import CorrectedCounts as CorrectedCounts
from rzqiskit.mitigation.guide import guide_noise as guide_noise
from rzqiskit.mitigation.guide import rescale_by_guide as rescale_by_guide
from rzqiskit.mitigation.guided import (
    extrapolate_guided_metrics as extrapolate_guided_metrics,
)
from rzqiskit.mitigation.inversion import mitigate_mean as mitigate_mean
from rzqiskit.mitigation.inversion import mitigate_metrics as mitigate_metrics
from rzqiskit.mitigation.inversion import (
    mitigate_total_spin_squared as mitigate_total_spin_squared,
)
from rzqiskit.mitigation.inversion import nearest_distribution as nearest_distribution
from rzqiskit.mitigation.metrics import extrapolate_metrics as extrapolate_metrics
from rzqiskit.mitigation.readout import ReadoutErrors as ReadoutErrors
from rzqiskit.mitigation.readout import estimate_readout_errors as estimate_readout_errors
from rzqiskit.mitigation.subspace import MissingPackageError as MissingPackageError
from rzqiskit.mitigation.subspace import correct_by_mthree as correct_by_mthree
from rzqiskit.mitigation.zero_noise import extrapolate_to_zero_noise as extrapolate_to_zero_noise

__all__ = [
    "CorrectedCounts",
    "MissingPackageError",
    "ReadoutErrors",
    "correct_by_mthree",
    "estimate_readout_errors",
    "extrapolate_guided_metrics",
    "extrapolate_metrics",
    "extrapolate_to_zero_noise",
    "guide_noise",
    "mitigate_mean",
    "mitigate_metrics",
    "mitigate_total_spin_squared",
    "nearest_distribution",
    "rescale_by_guide",
]
