r"""One call that charges a battery exactly, by ideal circuits, and on the noise of a device.

Measured three ways: as read, with readout errors undone, and extrapolated to zero noise besides,
along what the conserved J^2 shows of the noise.
Beside the measured deviations stands what the plan of `rzqiskit.planning` predicts for them.
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.charging import run_charging
from rzqiskit.circuits.product_formula import Formula, Frame, charging_schedule
from rzqiskit.noisy_comparison.deviations import compare_nodes
from rzqiskit.noisy_comparison.measuring import (
    CALIBRATION_FACTOR,
    NETWORK,
    NOISE_FACTORS,
    measure_charging,
)
from rzqiskit.planning import plan
from rzqiskit.schema import provenance
from rzqiskit.validation import check_positive_integer, check_seed, check_times

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.model import RosenZenerBattery

__all__ = ["compare_on_device"]


def compare_on_device(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    circuit_stride: int = 1,
    shots: int = 4096,
    num_steps: int | None = None,
    order: int | None = None,
    frame: Frame | None = None,
    seed: np.random.Generator | int | None = None,
) -> xr.DataTree:
    """Return the charging of a battery exact, by ideal circuits and on the noise of a device.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, finite, not negative, strictly increasing.
        backend: anything with a ``target`` and its calibration; Aer simulates its noise.
        circuit_stride: circuits run at every so many of the times, the exact solver at all.
        shots: shots of each circuit.
        num_steps: slices of the formula; those that `plan` chooses for E on this device when None.
        order: order of the formula, likewise.
        frame: interaction picture of the formula, likewise.
        seed: fixes the shots.

    Returns:
        A tree with the nodes ``exact``, ``trotter`` (the ideal circuits' exact probabilities),
        ``raw``, ``readout`` and ``guided`` (see `extrapolate_guided_metrics`; no populations
        and no entropy, which cannot be extrapolated; as in ``readout`` where a circuit has no
        entangling gate, NaN where no signal is left to guide), ``calibration``, what was measured
        for the mitigation alone, and ``budget``: for each `metric` and node the deviation from the
        exact solver over the times and, for E, Sigma and S, the terms of the plan's budget
        (``planned``).

        The measured nodes hold the counts of each basis as `collect_charging` does: `counts` and
        `folded_counts`, with the suffixes ``_y`` and ``_x``, by `noise_factor` (zeros where nothing
        could be folded at any time). ``calibration`` holds how often each cell was read as 1 with
        all qubits in |0> (`readout_zeros`) and in |1> (`readout_ones`), in `calibration_shots`
        each, and the Z counts that go into J^2 (`guide_counts`, see `build_guide_circuits`).

        The deviations of ``budget`` are `measured`, the largest, with the standard error of that
        point; `rms_deviation`, with its own; and `num_lost`, the number of times at which no signal
        was left. These count in neither of the others; where no time is left both are NaN.

    Raises:
        TypeError: an argument of the wrong type, a backend without a ``target``.
        ValueError: an argument out of range, a device too small.

    Notes:
        The largest of noisy deviations is too high: where the method itself is right by 1.5 of
        their standard errors at 4 times and 2.2 at 20, by nothing where it is far more wrong at one
        time than at all others. The mean square deviation has no such
        bias once the squares of the standard errors are taken off: `rms_deviation` is its root, 0
        where errors alone explain what is seen. Its error takes the times to be independent, which
        their shots are; the readout calibration is common to all of them.

    Examples:
        >>> import rzqiskit as rz
        >>> from rzqiskit.execution.runtime.devices import find_fake_device
        >>> battery = rz.RosenZenerBattery(
        ...     num_qubits=4, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> report = compare_on_device(
        ...     battery, [0.1, 0.2, 0.3], find_fake_device("fake_torino"), num_steps=1, seed=7
        ... )
        >>> measured = report["budget"].measured.sel(metric="stored_energy")
        >>> bool(measured.sel(node="readout") < measured.sel(node="raw"))
        True
    """
    import xarray as xr

    from rzqiskit.exact import evolve_exact
    from rzqiskit.execution.noise import NoisySampler, check_noisy_qubits
    from rzqiskit.model import check_battery

    check_battery(battery)
    times = check_times(times)
    time = times[:: check_positive_integer("circuit_stride", circuit_stride)]
    shots = check_positive_integer("shots", shots)
    sampler = NoisySampler(backend, seed=check_seed(seed))
    check_noisy_qubits(battery.num_qubits)
    # The formula too is refused before anything takes time; at t = 0 it has no layers.
    charging_schedule(
        battery, 0.0, num_steps=1 if num_steps is None else num_steps,
        order=2 if order is None else order, frame="mean-field" if frame is None else frame,
    )  # fmt: skip
    exact = evolve_exact(battery, times)
    if num_steps is None or order is None or frame is None:
        chosen = plan(battery, target_error=0.01, times=time, backend=backend, shots=shots)
        num_steps = chosen.num_steps if num_steps is None else num_steps
        order = chosen.order if order is None else order
        frame = chosen.frame if frame is None else frame
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing="time", slices="each")
    trotter = run_charging(battery, time, shots=None, **formula)
    measured = measure_charging(battery, time, sampler, shots, formula)
    attrs = provenance(
        battery, solver="circuit", sampler="rzqiskit.NoisySampler", shots=shots,
        seed="generator" if isinstance(seed, np.random.Generator) else seed,
        backend=str(getattr(backend, "name", None) or type(backend).__name__),
        calibration_time=_calibration_time(backend), calibration_shots=CALIBRATION_FACTOR * shots,
        network=NETWORK, line=measured.line, noise_factors=list(NOISE_FACTORS), **formula,
        **{
            f"{package.replace('-', '_')}_version": importlib.metadata.version(package)
            for package in ("qiskit", "qiskit-aer")
        },
    )  # fmt: skip
    nodes = {"exact": exact, "trotter": trotter} | measured.datasets(time, shots, attrs)
    nodes["budget"] = compare_nodes(
        nodes, battery, backend, line=measured.line, shots=shots, formula=formula, attrs=attrs
    )
    nodes["calibration"] = measured.calibration(time, attrs)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **nodes})


def _calibration_time(backend: Any) -> str | None:
    properties = getattr(backend, "properties", None)
    date = getattr(properties() if callable(properties) else None, "last_update_date", None)
    return None if date is None else str(date.isoformat())
