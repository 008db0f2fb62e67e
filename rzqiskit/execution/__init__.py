"""Running circuits: samplers, Hamming-weight histograms and exact traces on Aer.

Knows circuits and samplers, never batteries.
"""
