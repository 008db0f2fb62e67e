"""Circuits against the exact solver against the closed forms, on one grid of times."""

from __future__ import annotations

from rzqiskit.comparison.deviation import deviation_table
from rzqiskit.comparison.reports import compare, join_reports

__all__ = ["compare", "deviation_table", "join_reports"]
