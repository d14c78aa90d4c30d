"""Faults on purpose: what is killed, filled, cut or set forward here must change nothing that is published."""
