"""Reference portfolios for tests/core/allocation/herc.test.ts.

Run once: python herc.py > herc.json   (riskfolio-lib 7.4.0)
Hierarchical equal risk contribution of riskfolio on simulated returns with three blocks of assets: correlation
distance, cluster count by the two-difference gap statistic (at most 10), alpha 0.05.
"""

import json
import warnings

import numpy as np
import pandas as pd
import riskfolio as rp

warnings.filterwarnings("ignore")


def simulate(seed, sessions, assets):
    rng = np.random.default_rng(seed)
    market = rng.normal(size=(sessions, 1))
    blocks = rng.normal(size=(sessions, 3))
    block = rng.integers(0, 3, size=assets)
    noise = rng.normal(size=(sessions, assets)) * rng.uniform(0.5, 1.5, size=assets)
    return np.round(0.01 * (0.6 * market + 0.8 * blocks[:, block] + noise), 6)


cases = []
for seed, sessions, assets in [(1, 60, 6), (2, 80, 12), (3, 120, 20), (4, 150, 30)]:
    returns = simulate(seed, sessions, assets)
    frame = pd.DataFrame(returns, columns=[f"A{i:02d}" for i in range(assets)])
    results = []
    for linkage in ["ward", "single", "average", "complete"]:
        for measure, code in [("variance", "MV"), ("cvar", "CVaR"), ("cdar", "CDaR")]:
            port = rp.HCPortfolio(returns=frame, alpha=0.05)
            weights = port.optimization(
                model="HERC",
                codependence="pearson",
                rm=code,
                rf=0,
                linkage=linkage,
                max_k=10,
                leaf_order=True,
            )
            results.append(
                {
                    "linkage": linkage,
                    "riskMeasure": measure,
                    "clusterCount": int(port.k),
                    "weights": weights["weights"].tolist(),
                }
            )
    cases.append({"returns": returns.tolist(), "results": results})

print(json.dumps(cases))
