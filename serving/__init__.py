"""Answers: the score endpoint, its decision store and its keys."""
