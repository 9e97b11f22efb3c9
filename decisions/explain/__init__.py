"""A recommendation in plain language, in four languages and for two audiences."""
