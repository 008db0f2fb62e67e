"""What the public functions of circuits say to something that is no battery."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.dicke.layers import ground_state
from rzqiskit.emulator import evolve_schedule, sample_hamming_weights

MESSAGE = r"^`battery` must be a RosenZenerBattery, got {}\.$"


@pytest.mark.parametrize(
    "build",
    [
        rz.charging_schedules,
        rz.build_charging_circuits,
        rz.build_charging_sweeps,
        lambda battery, times, num_steps: rz.charging_schedule(
            battery, times[-1], num_steps=num_steps
        ),
    ],
    ids=["schedules", "circuits", "sweeps", "schedule"],
)
def test_no_battery(build):
    drive = rz.SineSquaredDrive(20.0, 0.3)
    grid = rz.BatteryGrid(num_qubits=np.array([4, 6]), drive=drive)
    for wrong, name in ((5, "int"), (None, "NoneType"), (grid, "BatteryGrid")):
        with pytest.raises(TypeError, match=MESSAGE.format(name)):
            build(wrong, [0.1, 0.3], num_steps=2)


def test_no_schedule_and_no_state():
    with pytest.raises(TypeError, match=r"^`schedule` must be a ChargingSchedule, got int\.$"):
        evolve_schedule(5)
    with pytest.raises(TypeError, match=r"^`state` must be a FrameState, got int\.$"):
        sample_hamming_weights(5, 10)
    assert sample_hamming_weights(ground_state(3), 10, seed=1)[1].sum() == 10
