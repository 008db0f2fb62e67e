"""Closed forms of the battery, one module a tier, and `evolve_analytic` over all of them."""

from rzqiskit.analytic.evolution import METHODS, evolve_analytic

__all__ = ["METHODS", "evolve_analytic"]
