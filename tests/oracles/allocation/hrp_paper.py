"""Reference portfolios for tests/core/allocation/hrp.test.ts.

Run once: python hrp_paper.py > hrp_paper.json   (scipy 1.17.1, PyPortfolioOpt 1.6.0, riskfolio-lib 7.4.0)
Hierarchical risk parity as the paper computes it (Lopez de Prado 2016): single linkage where each row of the distance
matrix is an observation, so Euclidean distances between its columns; inverse-variance bisection of the tree's order.
First on simulated returns, then on the paper's own example, whose data its recipe makes again: five series of 10,000
normal returns and five more, each one of these with noise, from NumPy's and Python 2's generators seeded with 12345.
"""

import json
import random
import warnings

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


def paper_weights(returns):
    cov = np.cov(returns, rowvar=False)
    distance = np.sqrt(np.clip((1 - np.corrcoef(returns, rowvar=False)) / 2, 0, 1))
    order = hierarchy.leaves_list(hierarchy.linkage(distance, "single"))
    weights = np.zeros(len(cov))
    bisect(cov, list(order), 1.0, weights)
    return weights


def simulated():
    rng = np.random.default_rng(3)
    for sessions, assets in [(30, 3), (40, 8), (60, 20), (80, 45)]:
        common = rng.normal(size=(sessions, 4)) @ rng.normal(size=(4, assets))
        returns = np.round(0.01 * (common + rng.normal(size=(sessions, assets))), 6)
        yield {"returns": returns.tolist(), "weights": paper_weights(returns).tolist()}


def example():
    import pandas as pd
    import riskfolio
    from pypfopt import HRPOpt

    warnings.filterwarnings("ignore")
    normal = np.random.RandomState(12345)
    chance = random.Random(12345)
    base = normal.normal(0, 1, size=(10_000, 5))
    copied = [int(5 * chance.random()) for _ in range(5)]  # randint as Python 2 drew it
    returns = np.append(base, base[:, copied] + normal.normal(0, 0.25, size=(10_000, 5)), axis=1)
    frame = pd.DataFrame(returns, columns=[f"X{i:02d}" for i in range(1, 11)])
    inverse = 1 / frame.var().to_numpy()
    leaves = riskfolio.HCPortfolio(returns=frame).optimization(model="HRP", linkage="single", leaf_order=True)
    single = HRPOpt(frame).optimize("single")
    return {
        "covariance": np.cov(returns, rowvar=False).tolist(),
        "paper": paper_weights(returns).tolist(),
        "pypfopt": [float(single[name]) for name in frame.columns],
        "riskfolio": leaves["weights"].tolist(),
        "inverseVariance": (inverse / inverse.sum()).tolist(),
    }


if __name__ == "__main__":
    print(json.dumps({"simulated": list(simulated()), "example": example()}, separators=(",", ":")))
