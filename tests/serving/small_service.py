"""The service of the tests: everything real but the models."""

import os
from pathlib import Path

from serving.service import create_app, create_service
from tests.serving.small_models import rescore

Tenure = create_service(create_app(lambda: Path(os.environ["TENURE_HOME"]), rescore))
