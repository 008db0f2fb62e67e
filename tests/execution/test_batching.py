"""The split of circuits and shots into jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rzqiskit.execution.batching import plan_batches

LIMITS = {
    "max_circuits": st.none() | st.integers(1, 90),
    "max_shots": st.none() | st.integers(30, 900),
    "max_executions": st.none() | st.integers(30, 9000),
}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 500), st.data())
def test_batches_hold_every_shot_once_and_keep_to_the_limits(sizes, shots, data):
    limits = {name: data.draw(strategy, name) for name, strategy in LIMITS.items()}
    max_size = data.draw(st.none() | st.integers(max(sizes), 400))
    batches = plan_batches(len(sizes), shots, sizes=sizes, max_size=max_size, **limits)
    sums = [0] * len(sizes)
    for index, batch in enumerate(batches):
        assert batch.index == index
        assert 1 <= batch.num_circuits <= (limits["max_circuits"] or len(sizes))
        assert 1 <= batch.shots <= (limits["max_shots"] or shots)
        if limits["max_executions"]:
            assert batch.num_circuits * batch.shots <= limits["max_executions"]
        if max_size:
            assert sum(sizes[batch.start : batch.stop]) <= max_size
        for number in range(batch.start, batch.stop):
            sums[number] += batch.shots
    assert sums == [shots] * len(sizes)


@given(st.integers(1, 60), st.integers(1, 90))
def test_equal_circuits_go_into_the_fewest_even_jobs(num_circuits, most):
    batches = plan_batches(num_circuits, 1, sizes=[3] * num_circuits, max_size=3 * most + 2)
    numbers = [batch.num_circuits for batch in batches]
    assert len(numbers) == -(-num_circuits // most)
    assert max(numbers) - min(numbers) <= 1
    assert numbers == [
        batch.num_circuits for batch in plan_batches(num_circuits, 1, max_circuits=most)
    ]


def test_a_circuit_that_fits_into_no_job():
    with pytest.raises(ValueError, match="at most 9 bytes each, the largest job, got 10 for circ"):
        plan_batches(3, 1, sizes=[1, 10, 2], max_size=9)
