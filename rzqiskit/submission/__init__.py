r"""Charging runs on devices that take days: submit now, collect from another process.

`submit_charging` writes everything into a run folder before it sends anything, `collect_charging`
fetches what is finished, as often as one likes. See `rzqiskit.execution.run_folder` for what the
folder holds.
"""

from rzqiskit.submission.collecting import charging_status as charging_status
from rzqiskit.submission.collecting import collect_all_mitigations as collect_all_mitigations
from rzqiskit.submission.collecting import collect_charging as collect_charging
from rzqiskit.submission.collecting import describe_jobs as describe_jobs
from rzqiskit.submission.grouping import Estimates as Estimates
from rzqiskit.submission.grouping import estimate_in_groups as estimate_in_groups
from rzqiskit.submission.sending import SubmissionEstimate as SubmissionEstimate
from rzqiskit.submission.sending import estimate_submission as estimate_submission
from rzqiskit.submission.sending import submit_charging as submit_charging

__all__ = [
    "Estimates",
    "SubmissionEstimate",
    "charging_status",
    "collect_all_mitigations",
    "collect_charging",
    "describe_jobs",
    "estimate_in_groups",
    "estimate_submission",
    "submit_charging",
]
