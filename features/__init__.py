"""Histories in, customer features as known at a cutoff out."""
