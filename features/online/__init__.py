"""The online compiler: one customer's events → one row of features."""

from features.online.compiler import OnlineCompiler

__all__ = ["OnlineCompiler"]
