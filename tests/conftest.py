"""What holds for every test: no windows, and the same examples in every run on any machine."""

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
# The matrices here are small: threads of the linear algebra would only wait for each other.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

# No deadline: the first call of a kernel compiles it.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
