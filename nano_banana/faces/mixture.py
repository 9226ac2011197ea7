"""Colours as a mixture of Gaussian clouds; same samples, same clouds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST = 3000
"""Samples that are looked at; of more, every n-th."""

_ROUNDS = 12
_EASE = 6.0
"""Added to each cloud's variances (squared units of 8-bit Lab): noise that a narrower cloud would not forgive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Weights (k), means (k × n) and inverted covariances (k × n × n) of k clouds, and each one's log of scale."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    inverse: NDArray[np.float64]
    scale: NDArray[np.float64]

    def likely(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log of the density at each of `values` (… × n)."""
        return np.asarray(_logsum(self.parts(values)), np.float32)

    def parts(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for each cloud alone: … × k."""
        logs = []
        for weight, mean, inverse, scale in zip(self.weights, self.means, self.inverse, self.scale, strict=True):
            away = values - mean.astype(np.float32)
            far = ((away @ inverse.astype(np.float32)) * away).sum(axis=-1)
            logs.append(np.float32(np.log(weight) + scale) - far / 2)
        return np.stack(logs, axis=-1).astype(np.float32)


def fit(samples: NDArray[np.float32], clouds: int) -> Mixture:
    """The mixture of at most `clouds` Gaussians that explains `samples` (m × n, m ≥ 1), by expectation-maximisation.

    It begins with slices of equal size along the first channel.
    """
    points = np.asarray(samples[:: max(1, -(-len(samples) // _MOST))], np.float64)
    clouds = max(1, min(clouds, len(points) // 20))
    order = np.argsort(points[:, 0], kind="stable")
    share = np.zeros((len(points), clouds))
    for cloud, slice_ in enumerate(np.array_split(order, clouds)):
        share[slice_, cloud] = 1
    mixture = _of(points, share)
    for _ in range(_ROUNDS if clouds > 1 else 0):
        logs = mixture.parts(points.astype(np.float32)).astype(np.float64)
        mixture = _of(points, np.exp(logs - _logsum(logs)[:, None]))
    return mixture


def _of(samples: NDArray[np.float64], share: NDArray[np.float64]) -> Mixture:
    total = share.sum(axis=0) + 1e-9
    means = (share.T @ samples) / total[:, None]
    count = samples.shape[1]
    covariances = np.empty((share.shape[1], count, count))
    for cloud in range(share.shape[1]):
        away = samples - means[cloud]
        covariances[cloud] = (away * share[:, cloud, None]).T @ away / total[cloud] + np.eye(count) * _EASE
    scale = -(np.linalg.slogdet(covariances)[1] + count * np.log(2 * np.pi)) / 2
    weights = total / total.sum()
    return Mixture(
        weights=weights, means=means, inverse=np.asarray(np.linalg.inv(covariances), np.float64), scale=scale
    )


def _logsum(logs: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    most = logs.max(axis=-1)
    return np.asarray(most + np.log(np.exp(logs - most[..., None]).sum(axis=-1)), np.float64)
