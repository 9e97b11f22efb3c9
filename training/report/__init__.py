"""The report of a model for people who answer for it: evidence, figures, one page."""
