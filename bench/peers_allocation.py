"""Times PyPortfolioOpt, riskfolio-lib and skfolio on the returns files that bench/allocation.ts writes.

python peers_allocation.py SESSIONS FILE...   (FILE = raw float64, sessions x assets); prints one line of JSON:
{"subject assets": {"package": milliseconds, best of a few}}
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")

import riskfolio as rp
from pypfopt import CLA, EfficientFrontier, HRPOpt
from skfolio.optimization import HierarchicalEqualRiskContribution, HierarchicalRiskParity, MeanRisk, RiskBudgeting


def best(run, repeats):
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        least = min(least, 1000 * (time.perf_counter() - start))
    return least


def riskfolio_tree(frame, model):
    linkage = "single" if model == "HRP" else "ward"
    return rp.HCPortfolio(returns=frame).optimization(
        model=model, codependence="pearson", rm="MV", rf=0, linkage=linkage, max_k=10, leaf_order=True
    )


def riskfolio_parity(frame):
    port = rp.Portfolio(returns=frame)
    port.assets_stats(method_mu="hist", method_cov="hist")
    return port.rp_optimization(model="Classic", rm="MV", rf=0, hist=True)


def frontier(frame):
    return EfficientFrontier(frame.mean(), frame.cov())


times = {}
sessions = int(sys.argv[1])
for path in sys.argv[2:]:
    values = np.fromfile(path).reshape(sessions, -1)
    assets = values.shape[1]
    frame = pd.DataFrame(values, columns=[f"A{i:04d}" for i in range(assets)])
    subjects = {
        "hrp": {
            "PyPortfolioOpt": lambda: HRPOpt(frame).optimize(),
            "skfolio": lambda: HierarchicalRiskParity().fit(frame),
        },
        "hrp riskfolio": {"riskfolio": lambda: riskfolio_tree(frame, "HRP")},
        "herc": {
            "riskfolio": lambda: riskfolio_tree(frame, "HERC"),
            "skfolio": lambda: HierarchicalEqualRiskContribution().fit(frame),
        },
        "min variance": {
            "PyPortfolioOpt": lambda: frontier(frame).min_volatility(),
            "skfolio": lambda: MeanRisk().fit(frame),
        },
        "max sharpe": {"PyPortfolioOpt": lambda: frontier(frame).max_sharpe(risk_free_rate=0)},
        "cla": {"PyPortfolioOpt": lambda: CLA(frame.mean(), frame.cov()).min_volatility()} if assets <= 200 else {},
        "risk parity": {"riskfolio": lambda: riskfolio_parity(frame)},
    }
    for subject, packages in subjects.items():
        for package, run in packages.items():
            try:
                times.setdefault(f"{subject} {assets}", {})[package] = best(run, 3 if assets <= 200 else 2)
            except Exception as error:  # a peer that fails has no time
                print(f"{package} {subject} {assets}: {error}", file=sys.stderr)

print(json.dumps(times))
