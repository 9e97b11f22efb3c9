"""People's words: explanation, published policy, plots."""
