"""A backtest as files: a page for people, tables for programs."""

from backtest.report.files import write_report

__all__ = ["write_report"]
