"""Backtest: a policy lives through a portfolio's past before it is live."""
