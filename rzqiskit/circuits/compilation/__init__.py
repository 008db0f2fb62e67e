"""Compilation for devices: the best line, networks without routing, predicted fidelity."""
