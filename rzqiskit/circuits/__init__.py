"""The charging process as quantum circuits: collective gates, product formulas, compilation."""
