"""Reference portfolios for tests/core/allocation/hrp.test.ts.

Run once: python hrp_paper.py > hrp_paper.json   (scipy 1.17)
Hierarchical risk parity as the paper computes it (Lopez de Prado 2016): single linkage where each row of the distance
matrix is an observation, so Euclidean distances between its columns; inverse-variance bisection of the tree's order.
"""

import json

import numpy as np
import scipy.cluster.hierarchy as hierarchy


def variance(cov, items):
    weights = 1 / np.diag(cov)[items]
    weights /= weights.sum()
    return weights @ cov[np.ix_(items, items)] @ weights


def bisect(cov, items, share, out):
    if len(items) == 1:
        out[items[0]] = share
        return
    first, second = items[: len(items) // 2], items[len(items) // 2 :]
    left, right = variance(cov, first), variance(cov, second)
    bisect(cov, first, share * right / (left + right), out)
    bisect(cov, second, share * left / (left + right), out)


rng = np.random.default_rng(3)
cases = []
for sessions, assets in [(30, 3), (40, 8), (60, 20), (80, 45)]:
    common = rng.normal(size=(sessions, 4)) @ rng.normal(size=(4, assets))
    returns = np.round(0.01 * (common + rng.normal(size=(sessions, assets))), 6)
    cov = np.cov(returns, rowvar=False)
    distance = np.sqrt(np.clip((1 - np.corrcoef(returns, rowvar=False)) / 2, 0, 1))
    order = hierarchy.leaves_list(hierarchy.linkage(distance, "single"))
    weights = np.zeros(assets)
    bisect(cov, list(order), 1.0, weights)
    cases.append({"returns": returns.tolist(), "weights": weights.tolist()})

print(json.dumps(cases))
