"""Affinity and quotas, read from files as Linux writes them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rzqiskit import cores as module
from rzqiskit.batches import _num_threads
from rzqiskit.cores import usable_cores
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.execution.idle_cores import idle_cores
from rzqiskit.execution.sampling import make_aer_sampler


@pytest.fixture
def system(monkeypatch, tmp_path):
    """Eight cores, and a function that writes the files of the control groups."""
    monkeypatch.setattr(module, "_GROUPS", tmp_path / "self")
    monkeypatch.setattr(module, "_HIERARCHY", tmp_path / "fs")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def write(groups, **files):
        (tmp_path / "self").write_text(groups, encoding="utf-8")
        for name, text in files.items():
            path = tmp_path / "fs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", 8),
        ("400000 100000\n", 4),
        ("50000 25000\n", 2),
        ("250000 100000\n", 3),  # two and a half
        ("20000 100000\n", 1),  # a fifth
        ("6400000 100000\n", 8),  # more than there are
    ],
)
def test_quota_of_version_2(system, text, cores):
    system("0::/\n", **{"cpu.max": text})
    assert usable_cores() == cores


@pytest.mark.parametrize(
    ("quota", "cores"), [("-1", 8), ("300000", 3), ("310000", 4), ("1000", 1), ("0", 8)]
)
@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
def test_quota_of_version_1(system, controllers, quota, cores):
    files = {"cpu/cpu.cfs_quota_us": f"{quota}\n", "cpu/cpu.cfs_period_us": "100000\n"}
    system(f"9:name=systemd:/\n3:cpuset:/\n2:{controllers}:/\n0::/\n", **files)
    assert usable_cores() == cores


@pytest.mark.parametrize(("inner", "outer", "cores"), [(2, 5, 2), (5, 2, 2), (0, 3, 3), (3, 0, 3)])
def test_every_group_around_binds(system, inner, outer, cores):
    def text(limit):
        return f"{limit}00000 100000" if limit else "max 100000"

    system(
        "0::/user.slice/job.scope\n",
        **{"user.slice/job.scope/cpu.max": text(inner), "user.slice/cpu.max": text(outer)},
    )
    assert usable_cores() == cores
    # Of another job, next to this one.
    system("0::/user.slice/job.scope\n", **{"user.slice/other/cpu.max": text(1)})
    assert usable_cores() == cores


@pytest.mark.parametrize("path", ["/docker/4711", "/kubepods/burst/p:d", "/../../elsewhere"])
def test_paths_that_are_not_here_have_the_quota_of_the_root(system, tmp_path, path):
    (tmp_path / "cpu.max").write_text("100000 100000\n")  # above the root: no group of this process
    # A container sees its own group as the root, and may be told its name outside.
    system(f"0::{path}\n", **{"cpu.max": "200000 100000\n"})
    assert usable_cores() == 2
    system(f"4:cpu:{path}\n", **{"cpu/cpu.cfs_quota_us": "3", "cpu/cpu.cfs_period_us": "1"})
    assert usable_cores() == 3


@pytest.mark.parametrize("groups", ["", "\n", "nonsense", "0::/\n", "0:cpu\n", "\udcff::"])
@pytest.mark.parametrize("text", ["", "max", "a b", "100000", "1 0", "é 1", "1 2 3"])
def test_files_of_another_form_bound_nothing(system, tmp_path, groups, text):
    system("", **{"cpu.max": text, "cpu/cpu.cfs_quota_us": text})
    (tmp_path / "self").write_bytes(groups.encode("utf-8", "surrogateescape"))
    assert usable_cores() == 8


def test_systems_without_groups_or_affinity(system, monkeypatch):
    assert usable_cores() == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_a_process_on_one_core_counts_one():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from rzqiskit.cores import usable_cores; print(usable_cores())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "1\n"


def test_those_who_start_threads_ask(system, monkeypatch, tmp_path):
    from rzqiskit.reproduction import scaling
    from rzqiskit.sweeps import run

    system("0::/\n", **{"cpu.max": "300000 100000\n"})
    assert _num_threads(None) == 3
    assert _num_threads(7) == 7
    assert idle_cores() <= 3
    options = make_aer_sampler(seed=1).options.backend_options
    assert options["max_parallel_threads"] == 3
    threads = []

    def pool(number):
        threads.append(number)
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(scaling, "ThreadPoolExecutor", pool)
    scaling.solve_wide((3,), (1.0,))
    monkeypatch.setattr(run, "measure_point_seconds", lambda _: 1.0)

    def shape(lengths, seconds, num_workers):
        threads.append(round(num_workers / seconds))
        return lengths

    monkeypatch.setattr(run, "choose_chunk_shape", shape)
    run.sweep({"drive": SineSquaredDrive(20.0, 0.3), "num_qubits": 2})
    assert threads == [3, 3]
