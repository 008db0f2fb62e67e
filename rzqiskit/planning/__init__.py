"""Which errors to expect of charging circuits, and which circuits to choose for a target error."""

from rzqiskit.planning.budget import PLANNED_METRICS as PLANNED_METRICS
from rzqiskit.planning.budget import ErrorBudget as ErrorBudget
from rzqiskit.planning.budget import PlannedMetric as PlannedMetric
from rzqiskit.planning.budget import error_budget as error_budget
from rzqiskit.planning.choice import Plan as Plan
from rzqiskit.planning.choice import plan as plan

__all__ = ["PLANNED_METRICS", "ErrorBudget", "Plan", "PlannedMetric", "error_budget", "plan"]
