"""Figures instead of claims: `make bench` measures this project against its peer and against its own size."""
