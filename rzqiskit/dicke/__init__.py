"""Exact mathematics of the collective spin: operators, rotations, the co-moving frame."""
