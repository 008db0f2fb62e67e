"""What the circuits of a run folder measured, by basis, noise factor and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.product_formula import charging_schedules
from rzqiskit.mitigation import (
    CorrectedCounts,
    ReadoutErrors,
    correct_by_mthree,
    estimate_readout_errors,
)
from rzqiskit.model import RosenZenerBattery
from rzqiskit.submission.circuit_table import CALIBRATIONS, read_roles
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.execution.run_folder import RunFolder

__all__ = ["MeasuredRun"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Qubits = tuple[int, ...]


class MeasuredRun:
    """The counts of a run folder, put in order.

    Args:
        run: the folder; what is collected by now counts.

    Attributes:
        battery: what was charged.
        time: shape (num_times,).
        noise_factors: as asked for, shape (num_factors,), the first one 1.
        bases: "z", "y" and, where it was measured, "x".
        complete: whether every circuit is there.
        readouts: readout errors of each set of qubits whose calibration is there and can be
            undone, in ascending order of the qubits.
        unreadable: the sets of qubits whose calibration is there and shows one that tells nothing,
            such as one that always reads 0.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        purpose = run.record["purpose"]
        self.battery = RosenZenerBattery.from_dict(purpose["battery"])
        self.time: FloatArray = np.array(purpose["times"])
        self.noise_factors: FloatArray = np.array(purpose.get("noise_factors", [1.0]))
        self._purpose = purpose
        self._layout = [tuple(int(qubit) for qubit in entry) for entry in run.record["layout"]]
        self._seen: list[dict[int, int] | None] = run.counts()
        self._roles = read_roles(purpose, len(self._seen))
        self._weights = _histograms(self._seen, self.battery.num_qubits)
        self._corrected: dict[int, CorrectedCounts] = {}
        factors = {factor: row for row, factor in enumerate(self.noise_factors.tolist())}
        shape = (self.noise_factors.size, self.time.size)
        self._circuit: dict[str, IntArray] = {}
        self._factor: dict[str, FloatArray] = {}
        for number, role in enumerate(self._roles):
            if role.time_index is None:
                continue
            circuit = self._circuit.setdefault(role.kind, np.full(shape, -1, dtype=np.int64))
            shown = self._factor.setdefault(role.kind, np.ones(shape))
            place = factors[role.noise_factor], role.time_index
            circuit[place], shown[place] = number, role.folded_factor
        self.bases = tuple(basis for basis in self._circuit if basis != "guide")
        self._let_guides_stand_in()
        self.complete = all(seen is not None for seen in self._seen)
        self.readouts: dict[Qubits, ReadoutErrors] = {}
        self.unreadable: list[Qubits] = []
        self._read_calibrations()

    @cached_property
    def jobs(self) -> list[dict[str, Any] | None]:
        """What is known of the job that measured each batch, None where it is not there."""
        return self._run.counted_jobs()

    def _let_guides_stand_in(self) -> None:
        """Make "guide" a basis of its own: Z circuits, or those that stand in for them."""
        apart = self._circuit.get("guide", np.full_like(self._circuit["z"], -1))[0] >= 0
        for table in (self._circuit, self._factor):
            z: Any = table["z"]
            table["guide"] = np.where(apart, table.get("guide", z), z)

    def entangled(self, basis: str) -> BoolArray:
        """Return at which times the circuits of a basis have entangling gates, (num_times,)."""
        formula: dict[str, Any] = {"basis": basis, **self._purpose["formula"]}
        schedules = charging_schedules(self.battery, self.time, **formula)
        return np.array([schedule.num_zz_layers > 0 for schedule in schedules])

    def folded(self, basis: str) -> BoolArray:
        """Return at which times there are circuits of amplified noise, shape (num_times,)."""
        return np.asarray((self._circuit[basis][1:] >= 0).any(axis=0))

    def factors(self, basis: str) -> FloatArray:
        """Return the factors of the folded circuits, shape (num_factors, num_times)."""
        return self._factor[basis]

    def known(self, basis: str) -> BoolArray:
        """Return which circuits are there, shape (num_factors, num_times).

        A circuit that was not folded stands for all its factors.
        """
        arrived: BoolArray = self._weights[self._numbers(basis)].sum(axis=-1) > 0
        return arrived

    def counts(self, basis: str) -> IntArray:
        """Return counts of weights, shape (num_factors, num_times, N + 1): zeros where none are."""
        numbers = self._circuit[basis]
        counts: IntArray = np.where(numbers[..., np.newaxis] >= 0, self._weights[numbers], 0)
        return counts

    def qubits(self, basis: str) -> list[Qubits]:
        """Return the set of qubits that is read at each time, in ascending order."""
        return [tuple(sorted(self._layout[number])) for number in self._circuit[basis][0].tolist()]

    def select(
        self, basis: str, factors: Any, times: Sequence[int], *, mthree: bool
    ) -> IntArray | CorrectedCounts:
        """Return the counts of some circuits, all of them there.

        Args:
            basis: of the circuits.
            factors: rows; a slice, a number or an array of numbers.
            times: places of the times.
            mthree: whether they carry the correction by mthree, for which the calibration must be
                there.

        Returns:
            Shape (num_factors, num_times, N + 1), without the first axis for one factor.
        """
        numbers = self._numbers(basis)[factors][..., list(times)]
        if not mthree:
            return np.asarray(self._weights[numbers])
        records = [self._correct(number) for number in numbers.ravel().tolist()]
        return CorrectedCounts.stack(records, numbers.shape)

    def _numbers(self, basis: str) -> IntArray:
        numbers = self._circuit[basis]
        return np.where(numbers >= 0, numbers, numbers[0])

    def _correct(self, number: int) -> CorrectedCounts:
        if number not in self._corrected:
            layout, seen = self._layout[number], self._seen[number]
            qubits = tuple(sorted(layout))
            readout = self.readouts[qubits].reordered([qubits.index(qubit) for qubit in layout])
            self._corrected[number] = correct_by_mthree(seen or {}, readout)
        return self._corrected[number]

    def _read_calibrations(self) -> None:
        ones: dict[Qubits, dict[str, tuple[IntArray, int]]] = {}
        for role, layout, seen in zip(self._roles, self._layout, self._seen, strict=True):
            if role.kind not in CALIBRATIONS or seen is None:
                continue
            # Circuits may read the same qubits in another order.
            found = _ones(seen, len(layout))[np.argsort(layout)]
            ones.setdefault(tuple(sorted(layout)), {})[role.kind] = found, sum(seen.values())
        for qubits, pair in ones.items():
            if len(pair) < len(CALIBRATIONS):
                continue
            (of_zeros, shots_of_zeros), (of_ones, shots_of_ones) = pair["zeros"], pair["ones"]
            # Otherwise nothing undoes the errors; what was read is there all the same.
            if (of_zeros * shots_of_ones < of_ones * shots_of_zeros).all():
                self.readouts[qubits] = estimate_readout_errors(
                    of_zeros, of_ones, shots_of_zeros=shots_of_zeros, shots_of_ones=shots_of_ones
                )
            else:
                self.unreadable.append(qubits)


def _histograms(seen: Sequence[dict[int, int] | None], num_qubits: int) -> IntArray:
    """Return the Hamming-weight counts, shape (num_circuits, N + 1); zeros where nothing is."""
    counts = np.zeros((len(seen), num_qubits + 1), dtype=np.int64)
    for row, outcomes in zip(counts, seen, strict=True):
        for outcome, number in (outcomes or {}).items():
            row[outcome.bit_count()] += number
    return counts


def _ones(outcomes: Mapping[int, int], num_qubits: int) -> IntArray:
    return np.array(
        [
            sum(number for outcome, number in outcomes.items() if outcome >> bit & 1)
            for bit in range(num_qubits)
        ],
        dtype=np.int64,
    )
