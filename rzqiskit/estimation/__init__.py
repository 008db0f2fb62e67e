"""From counts to populations and metrics with standard errors.

Arrays of counts come in, estimates and their errors go out; no Qiskit, no batteries.
"""

from rzqiskit.estimation.counts import merge_counts as merge_counts
from rzqiskit.estimation.entropy import estimate_entropy as estimate_entropy
from rzqiskit.estimation.maxima import estimate_maximum as estimate_maximum
from rzqiskit.estimation.maxima import estimate_summaries as estimate_summaries
from rzqiskit.estimation.metrics import estimate_metrics as estimate_metrics
from rzqiskit.estimation.metrics import estimate_total_spin_squared as estimate_total_spin_squared
from rzqiskit.estimation.moments import estimate_mean as estimate_mean
from rzqiskit.estimation.moments import estimate_populations as estimate_populations
from rzqiskit.estimation.moments import estimate_standard_deviation as estimate_standard_deviation

__all__ = [
    "estimate_entropy",
    "estimate_maximum",
    "estimate_mean",
    "estimate_metrics",
    "estimate_populations",
    "estimate_standard_deviation",
    "estimate_summaries",
    "estimate_total_spin_squared",
    "merge_counts",
]
