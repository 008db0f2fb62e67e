"""Sweeps over grids of parameters, from one process to a cluster, resumable at any point."""

from __future__ import annotations

from rzqiskit.sweeps.records import add_seeds, join_seeds
from rzqiskit.sweeps.run import SweepInterrupted, SweepPointError, sweep
from rzqiskit.sweeps.specification import SpecificationError, SweepSpecification
from rzqiskit.sweeps.store import StoreError, open_sweep, stored_specification
from rzqiskit.sweeps.toml_specification import load_specification

__all__ = [
    "SpecificationError",
    "StoreError",
    "SweepInterrupted",
    "SweepPointError",
    "SweepSpecification",
    "add_seeds",
    "join_seeds",
    "load_specification",
    "open_sweep",
    "stored_specification",
    "sweep",
]
