"""Audits of what a model learns from: features that know too much, and labels."""

from training.audits.verdict import Acceptance, LeakVerdict, unaccepted

__all__ = ["Acceptance", "LeakVerdict", "unaccepted"]
