"""Carries recommendations out at the provider, and reads back what came of it.

Nothing is imported here: the service takes the letters' links and no provider.
"""
