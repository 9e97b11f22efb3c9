"""Was it true: whether today's customers and scores still look like yesterday's."""

from monitoring.drift import Drift, population_stability, score_drift

__all__ = ["Drift", "population_stability", "score_drift"]
