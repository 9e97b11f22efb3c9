"""Servers that speak a provider's protocol, faults included: to try an adapter on."""
