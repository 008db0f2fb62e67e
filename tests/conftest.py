"""What holds for every test: no windows, and the same examples in every run on any machine."""

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
# The matrices and circuits here are small: the threads of the linear algebra and of Aer would only
# wait for each other, and the more so where test processes share the cores.
for variable in (
    "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"
):  # fmt: skip
    os.environ.setdefault(variable, "1")

# No deadline: the first call of a kernel compiles it.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
