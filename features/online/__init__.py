"""The online compiler: one customer's events → one row of features."""

from features.online.compiler import KeptRows, OnlineCompiler

__all__ = ["KeptRows", "OnlineCompiler"]
