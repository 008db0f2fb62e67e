"""Freed memory is used again, also under the settings of a dask worker."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from rzqiskit.sweeps.allocation import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory() and keep_freed_memory()
def work():
    for _ in range(200):
        np.zeros(65536).fill(1.0)  # half a megabyte: 128 pages
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an allocator of another kind")
def test_pages_are_not_asked_for_again() -> None:
    faults = {}
    for what in ("keep", "give back"):
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, what], capture_output=True, text=True, check=True,
            env=os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"},
        )  # fmt: skip
        faults[what] = int(result.stdout)
    # Huge pages could spare some of the 25 600, not all but a few.
    assert faults["keep"] < 200
    assert faults["give back"] >= 200
