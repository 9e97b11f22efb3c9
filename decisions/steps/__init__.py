"""The steps of a decision: inputs, choice, budgets, agreement."""
