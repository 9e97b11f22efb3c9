"""Fixed quasi-random points: the same 64 draws for everybody, for ever."""

import numpy as np

from features.arrays import FloatArray


def _primes(n: int) -> list[int]:
    primes: list[int] = []
    candidate = 2
    while len(primes) < n:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return primes


def reverse_halton(n_points: int, n_dimensions: int) -> FloatArray:
    """Points in (0, 1), shape (n_points, n_dimensions).

    Halton's sequence with each digit d written as (b - d) mod b, which keeps high
    dimensions from moving in step (Vandewoestyne & Cools, 2006).

    >>> reverse_halton(3, 2).round(3).tolist()
    [[0.5, 0.667], [0.25, 0.333], [0.75, 0.222]]
    """
    points = np.zeros((n_points, n_dimensions))
    for column, base in enumerate(_primes(n_dimensions)):
        index = np.arange(1, n_points + 1)
        weight = 1.0 / base
        while index.any():
            index, digit = np.divmod(index, base)
            points[:, column] += ((base - digit) % base) * weight
            weight /= base
    return points


def triangular(u: FloatArray, low: float, value: float, high: float) -> FloatArray:
    """Quantiles of the triangular distribution with mode `value`, shape of `u`."""
    width = high - low
    left = (value - low) / width
    rising = low + np.sqrt(u * width * (value - low))
    falling = high - np.sqrt((1.0 - u) * width * (high - value))
    return np.where(u < left, rising, falling)
