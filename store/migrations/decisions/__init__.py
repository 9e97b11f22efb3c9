"""The tables of decisions, budget slots and keys."""
