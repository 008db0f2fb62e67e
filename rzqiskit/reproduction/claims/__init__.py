"""The paper's statements, each with a computation of its verdict."""

from rzqiskit.reproduction.claims.catalogue import CLAIMS
from rzqiskit.reproduction.claims.claim import Claim, Finding
from rzqiskit.reproduction.claims.validation import Outcome, render_errata, validate_claims

__all__ = ["CLAIMS", "Claim", "Finding", "Outcome", "render_errata", "validate_claims"]
