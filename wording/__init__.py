"""People's words: messages, explanation, letters, the published policy, plots."""
