"""The battery: its parameters, its two derived numbers, and the way in and out of JSON."""

import dataclasses
import json
import math

import numpy as np
import pytest

from rzqiskit import Drive, RectangularDrive, RosenZenerBattery, SampledDrive, SineSquaredDrive

DRIVE = SineSquaredDrive(amplitude=20.0, period=0.3)


@dataclasses.dataclass
class ChangeablePulse(Drive):
    amplitude: float = 1.0
    duration: float = 0.3

    def _value(self, t):
        return self.amplitude * np.ones_like(t)


@dataclasses.dataclass(frozen=True)
class ArrayPulse(Drive):
    amplitudes: np.ndarray
    duration: float = 0.3

    def _value(self, t):
        return self.amplitudes[0] * np.ones_like(t)


def battery(**changes):
    parameters = {"num_qubits": 10, "drive": DRIVE, "level_splitting": 1.5, "interaction": 3.0}
    return RosenZenerBattery(**parameters | changes)


def test_defaults():
    plain = RosenZenerBattery(num_qubits=3, drive=DRIVE)
    assert (plain.level_splitting, plain.interaction, plain.pair_counting) == (1.0, 0.0, "ordered")


@pytest.mark.parametrize("num_qubits", [1, 2, 5])
@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_coefficient_of_jz_squared_from_the_sum_over_pairs(num_qubits, pair_counting):
    """Eq. 4 summed pair by pair over every bit string, against g Jz^2 plus a constant."""
    built = battery(num_qubits=num_qubits, pair_counting=pair_counting, interaction=-0.7)
    bits = (np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits)) & 1
    sigma = 2.0 * bits - 1.0  # sz = -Z: |1> is the excited level
    pairs = 0.0
    for i in range(num_qubits):
        for j in range(num_qubits):
            if i != j and (pair_counting == "ordered" or i < j):
                pairs = pairs + sigma[:, i] * sigma[:, j]
    energy = built.interaction / (2 * num_qubits) * (pairs + np.zeros(2**num_qubits))
    squares = (sigma.sum(axis=1) / 2.0) ** 2
    difference = energy - built.jz_squared_coefficient * squares
    np.testing.assert_allclose(difference, difference[0], atol=1e-14)


def test_undriven_ground_state_leaves_full_polarisation_where_the_counting_says():
    """Delta Jz + g Jz^2 has its minimum off m = -N/2 beyond lambda = 1/2, resp. 1 (large N)."""
    num_qubits = 10_000
    m = np.arange(num_qubits + 1) - num_qubits / 2
    for counting, transition in (("ordered", 0.5), ("unordered", 1.0)):
        for ratio in (0.99 * transition, 1.01 * transition):
            built = battery(
                num_qubits=num_qubits,
                level_splitting=1.0,
                interaction=ratio,
                pair_counting=counting,
            )
            lowest = np.argmin(m + built.jz_squared_coefficient * m**2)
            assert (lowest > 0) == (ratio > transition)


def test_interaction_ratio():
    assert battery().interaction_ratio == 2.0
    assert battery(interaction=-3.0).interaction_ratio == -2.0
    assert battery(level_splitting=0.0).interaction_ratio == math.inf
    assert battery(level_splitting=0.0, interaction=-1.0).interaction_ratio == -math.inf
    assert math.isnan(battery(level_splitting=0.0, interaction=0.0).interaction_ratio)


@pytest.mark.parametrize("counting", ["ordered", "unordered"])
@pytest.mark.parametrize(
    "drive", [DRIVE, RectangularDrive(-1.0, 2.0), SampledDrive([0.0, 1.0, 3.0], [1.0, 0.1, 2.0])]
)
def test_json_round_trip(drive, counting):
    built = battery(drive=drive, pair_counting=counting, level_splitting=1 / 3)
    text = json.dumps(built.to_dict(), allow_nan=False)
    assert RosenZenerBattery.from_dict(json.loads(text)) == built


def test_from_dict_leaves_its_argument_alone():
    payload = battery().to_dict()
    before = json.dumps(payload)
    RosenZenerBattery.from_dict(payload)
    assert json.dumps(payload) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "Battery"}, r"^`type` must be 'RosenZenerBattery', got 'Battery'\.$"),
        ({"type": None}, r"^`type` must be 'RosenZenerBattery', got None\.$"),
        ({"version": 2}, r"^`version` must be 1, got 2\.$"),
        ({"charge": 1.0}, r"^`RosenZenerBattery` must have the fields .*, got .*'charge'"),
        ({"drive": {"type": "Square", "version": 1}}, r"^`type` must be one of .*, got 'Square'"),
        ({"num_qubits": 0}, r"^`num_qubits` must be a positive integer, got 0\.$"),
    ],
)
def test_from_dict_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        RosenZenerBattery.from_dict(battery().to_dict() | change)


def test_from_dict_refuses_missing_keys_and_other_objects():
    payload = battery().to_dict()
    del payload["interaction"]
    with pytest.raises(ValueError, match=r"^`RosenZenerBattery` must have the fields"):
        RosenZenerBattery.from_dict(payload)
    with pytest.raises(TypeError, match=r"^`payload` must be a dict, got list\.$"):
        RosenZenerBattery.from_dict([])
    with pytest.raises(TypeError, match=r"^`payload` must be a dict, got str\.$"):
        RosenZenerBattery.from_dict(battery().to_dict() | {"drive": "SineSquaredDrive"})


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("num_qubits", 0, ValueError, r"^`num_qubits` must be a positive integer, got 0\.$"),
        ("num_qubits", -3, ValueError, r"^`num_qubits` must be a positive integer, got -3\.$"),
        (
            "num_qubits",
            2**53 + 1,
            ValueError,
            r"^`num_qubits` must be at most 9007199254740992, got 9007199254740993\.$",
        ),
        ("num_qubits", True, TypeError, r"^`num_qubits` must be an integer, got True\.$"),
        ("num_qubits", 10.0, TypeError, r"^`num_qubits` must be an integer, got 10\.0\.$"),
        ("num_qubits", "10", TypeError, r"^`num_qubits` must be an integer, got '10'\.$"),
        ("drive", 1.0, TypeError, r"^`drive` must be a Drive, got float\.$"),
        ("drive", SineSquaredDrive, TypeError, r"^`drive` must be a Drive, got ABCMeta\.$"),
        (
            "drive",
            ChangeablePulse(),
            TypeError,
            r"^`drive` must be hashable, .* ChangeablePulse\.$",
        ),
        (
            "drive",
            ArrayPulse(np.ones(2)),
            TypeError,
            r"^`drive` must be hashable, .* ArrayPulse\.$",
        ),
        ("level_splitting", -1, ValueError, r"^`level_splitting` must not be negative, got -1\.0"),
        ("level_splitting", math.nan, ValueError, r"^`level_splitting` must be finite, got nan\.$"),
        ("level_splitting", True, TypeError, r"^`level_splitting` must be a real number, got True"),
        ("interaction", math.inf, ValueError, r"^`interaction` must be finite, got inf\.$"),
        ("interaction", math.nan, ValueError, r"^`interaction` must be finite, got nan\.$"),
        ("interaction", False, TypeError, r"^`interaction` must be a real number, got False\.$"),
        ("interaction", 1j, TypeError, r"^`interaction` must be a real number, got 1j\.$"),
        (
            "pair_counting",
            "twice",
            ValueError,
            r"^`pair_counting` must be one of 'ordered', 'unordered', got 'twice'\.$",
        ),
        ("pair_counting", None, ValueError, r"^`pair_counting` must be one of .*, got None\.$"),
    ],
)
def test_bad_parameters(name, value, error, message):
    with pytest.raises(error, match=message):
        battery(**{name: value})


def test_numpy_scalars_become_plain_numbers():
    built = RosenZenerBattery(
        num_qubits=np.int64(4),
        drive=DRIVE,
        level_splitting=np.float32(0.5),
        interaction=np.int8(-2),
        pair_counting=np.str_("unordered"),
    )
    assert [type(value) for value in built.to_dict().values()] == [
        str, int, int, dict, float, float, str,
    ]  # fmt: skip
    assert hash(built) == hash(RosenZenerBattery.from_dict(json.loads(json.dumps(built.to_dict()))))


def test_frozen_hashable_and_keyword_only():
    built = battery()
    assert {built: 1}[battery()] == 1
    assert built != dataclasses.replace(built, interaction=0.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="interaction"):
        built.interaction = 1.0
    with pytest.raises(TypeError, match="positional"):
        RosenZenerBattery(10, DRIVE)
    with pytest.raises(ValueError, match=r"^`num_qubits` must be a positive integer, got 0\.$"):
        dataclasses.replace(built, num_qubits=0)
