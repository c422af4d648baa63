"""Usage by day, kept between runs: what changed is read again, the rest is not."""
