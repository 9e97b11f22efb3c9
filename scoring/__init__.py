"""Scoring: from features to calibrated probability and its reasons."""

import os

# LightGBM's threads spin while they wait for each other: measured ten times slower
# training and 200 times slower scoring when another process keeps a core busy. Read
# once, when the OpenMP library is loaded, so it is set before LightGBM's import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
