"""Answers over HTTP, recorded before they are given."""
