"""Turns what happened in a month into rows of the portfolio contract."""
