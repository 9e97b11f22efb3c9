"""Makes bundles: fits, calibrates, judges and registers models."""
