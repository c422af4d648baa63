"""Histories that Spark reads, normalises and keeps, with no row in the driver."""
