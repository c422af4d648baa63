"""Features and outcomes in, models in MLflow out."""
