"""A rehearsal as files: a page for people, tables for programs."""

from advice.rehearsal.report.files import write_report

__all__ = ["write_report"]
