"""From features to calibrated probability and reasons."""
