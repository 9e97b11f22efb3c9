"""Backtest: a policy tried on a portfolio's past, day by day, before it is live."""
