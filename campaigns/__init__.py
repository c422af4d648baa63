"""Scores in, whom to contact out."""
