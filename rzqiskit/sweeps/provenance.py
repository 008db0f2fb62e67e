"""What every result of a sweep says about itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from rzqiskit.schema import provenance
from rzqiskit.sweeps.noise import noise_provenance
from rzqiskit.sweeps.specification import SweepSpecification

__all__ = ["devices_of", "sweep_provenance"]


def sweep_provenance(specification: SweepSpecification) -> dict[str, Any]:
    """Return the attributes of a sweep's Dataset: versions, solver, specification, noise.

    Args:
        specification: of the sweep.
    """
    attrs = provenance(
        None, solver=specification.solver, specification=specification.to_dict(),
        specification_sha256=specification.identity(),
    )  # fmt: skip
    devices = devices_of(specification)
    return attrs | (provenance(None, noise=devices) if devices else {})


def devices_of(specification: SweepSpecification) -> dict[str, dict[str, Any]]:
    """Return the devices whose noise a sweep simulates, see `noise_provenance`.

    Args:
        specification: of the sweep.
    """
    names = np.atleast_1d(specification.parameters.get("noise", [])).tolist()
    return noise_provenance(names)
