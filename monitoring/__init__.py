"""Was it true: drift, realised calibration and cost (rooms to come)."""
