"""What an estimator says when it cannot be fitted: numbers in the message, never a stack trace.

The callers of `training.models` know the business and turn this into their own error.
"""


class FitError(ValueError):
    """Input an estimator cannot use, or a fit that found no usable optimum."""
