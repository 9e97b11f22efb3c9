"""Training: from a portfolio to bundles; the only room that imports MLflow."""

import os

# read by MLflow at its import: nothing about a reseller's models leaves the machine
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
