"""The same battery exact, by ideal circuits, and by circuits on a noisy device."""

from rzqiskit.noisy_comparison.comparing import compare_on_device as compare_on_device
from rzqiskit.noisy_comparison.deviations import BUDGET_TERMS as BUDGET_TERMS

__all__ = ["BUDGET_TERMS", "compare_on_device"]
