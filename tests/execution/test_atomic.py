"""Files of disks without hard links or locks, and the locks by which a living sender is told."""

import errno
import os
import subprocess
import sys
import threading

import pytest

import rzqiskit as rz
from rzqiskit.execution import locks
from rzqiskit.execution.atomic import write_atomically
from rzqiskit.execution.locks import hold_lock, is_locked
from rzqiskit.submission import collect_charging, submit_charging

BATTERY = rz.RosenZenerBattery(num_qubits=2, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)


def unsupported(*_, **__):
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


@pytest.fixture
def no_links(monkeypatch):
    monkeypatch.setattr(os, "link", unsupported)


@pytest.mark.parametrize("links", [True, False])
def test_of_many_writers_one_wins(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "a.json"
    start = threading.Barrier(8)
    outcomes = []

    def write(number):
        start.wait()
        try:
            write_atomically(path, bytes([number]) * 100_000, exclusive=True)
            outcomes.append(number)
        except FileExistsError as error:
            outcomes.append(error.errno)

    writers = [threading.Thread(target=write, args=(200 + number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    (winner,) = [outcome for outcome in outcomes if outcome >= 200]
    assert path.read_bytes() == bytes([winner]) * 100_000
    assert outcomes.count(errno.EEXIST) == 7
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix != ".lock"] == ["a.json"]


def submit(folder):
    return submit_charging(
        BATTERY, [0.3], "local:FakeManilaV2", num_steps=1, shots=10, seed=1, folder=folder
    )


@pytest.mark.usefixtures("no_links")
def test_a_disk_without_hard_links(tmp_path):
    assert collect_charging(submit(tmp_path / "run")).attrs["complete"] == 1


@pytest.mark.usefixtures("no_links")
def test_a_disk_without_hard_links_and_locks_is_refused_before_anything_is_sent(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(locks.fcntl, "flock", unsupported)
    with pytest.raises(
        ValueError, match=r"a place for a new folder, got .*run: Operation not supp"
    ):
        submit(tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    assert is_locked(path) is False
    script = f"""
import sys, pathlib
from rzqiskit.execution.locks import hold_lock
with hold_lock(pathlib.Path({str(path)!r}), shared=True):
    print("held", flush=True)
    sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        assert is_locked(path) is True
        with hold_lock(path, shared=True) as held:
            assert held
    finally:
        holder.kill()
        holder.communicate()
    assert is_locked(path) is False


def test_systems_without_locks(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    path.touch()
    monkeypatch.setattr(locks, "fcntl", None)
    assert is_locked(path) is None
    with hold_lock(path) as held:
        assert not held
