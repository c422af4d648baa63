"""Data for everyone: the simulated company and CDNOW."""
