"""Benchmarks: each a ratio against its baseline, measured in the same run, alternating, medians. `make bench`."""
