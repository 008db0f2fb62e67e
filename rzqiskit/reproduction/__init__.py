"""The paper's figures and claims, by number."""

from rzqiskit.reproduction.figures import FIGURES, reproduce_figure

__all__ = ["FIGURES", "reproduce_figure"]
