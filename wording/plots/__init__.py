"""Plots of a decision's costs and of a policy's surface."""
