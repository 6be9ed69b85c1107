"""Reference portfolios for tests/core/allocation/packages.test.ts.

Run once: python peers.py > peers.json
    pip install PyPortfolioOpt==1.6.0 riskfolio-lib==7.4.0 skfolio==1.12.2   (numpy 2.4.6, scipy 1.17.1, cvxpy 1.9.3)
The bundled closes of 20 stocks, cut to three sets of assets, seven year ends and the worst week of March 2020, and
windows of 252 and 504 simple returns. Sample covariance (ddof 1) unless the method's name says otherwise; weights are
0..1 unless capped. What no package computes (the signal allocators) is plain numpy.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import riskfolio as rp
from pypfopt import EfficientFrontier, HRPOpt, expected_returns, risk_models
from pypfopt.cla import CLA
from skfolio import RiskMeasure
from skfolio.optimization import EqualWeighted, HierarchicalRiskParity, InverseVolatility, RiskBudgeting

from hrp_paper import paper_weights

warnings.filterwarnings("ignore")
exact = {"eps_abs": 1e-10, "eps_rel": 1e-10, "polish": True, "max_iter": 200_000}
tight = {"tol_gap_abs": 1e-14, "tol_gap_rel": 1e-14, "tol_feas": 1e-14}
signal_sessions, signal_scale, risk_aversion = 21, 0.7, 3.0
sets = {
    "stocks4": ["BAC", "JNJ", "PFE", "XOM"],
    "stocks10": ["AAPL", "AMD", "CVX", "GE", "HD", "JNJ", "LLY", "PG", "RRC", "WMT"],
    "stocks20": None,
}
bundled = Path(__file__).parents[3] / "config/examples/prices/sp500-20.csv.gz"
prices = pd.read_csv(bundled, index_col="date", parse_dates=True).drop(columns="^GSPC")
year_ends = [prices.index[prices.index.year == year][-1] for year in range(2015, 2022)]


def frontier(covariance, mean=None, cap=1.0):
    return EfficientFrontier(mean, covariance, (0, cap), solver="OSQP", solver_options=exact)


def pypfopt(closes, returns):
    sample = risk_models.sample_cov(closes)
    shrunk = risk_models.CovarianceShrinkage(closes).ledoit_wolf()
    mean = expected_returns.mean_historical_return(closes)
    yield "minvol_sample_long", frontier(sample).min_volatility()
    yield "minvol_ledoitwolf_long", frontier(shrunk).min_volatility()
    yield "minvol_ledoitwolf_cap40", frontier(shrunk, cap=0.4).min_volatility()
    yield "utility_sample_long", frontier(sample, mean).max_quadratic_utility(risk_aversion)
    if mean.max() > 0.02:
        yield "maxsharpe_sample_rf2_long", frontier(sample, mean).max_sharpe(risk_free_rate=0.02)
    yield "cla_minvol_long", CLA(mean, sample).min_volatility()
    yield "cla_maxsharpe_rf0_long", CLA(mean, sample).max_sharpe()
    for linkage in ["single", "ward"]:
        yield f"hrp_{linkage}", HRPOpt(returns).optimize(linkage)


def riskfolio(closes, returns):
    for linkage in ["single", "ward"]:
        port = rp.HCPortfolio(returns=returns)
        yield f"hrp_{linkage}", port.optimization(model="HRP", rm="MV", linkage=linkage, leaf_order=True)["weights"]
    for measure in ["MV", "CVaR", "CDaR"]:
        port = rp.HCPortfolio(returns=returns, alpha=0.05)
        found = port.optimization(model="HERC", rm=measure, linkage="ward", max_k=10, leaf_order=True)
        yield f"herc_ward_{measure.lower()}", found["weights"]
    port = rp.Portfolio(returns=returns)
    port.assets_stats(method_mu="hist", method_cov="hist")
    yield "risk_parity_mv", port.rp_optimization(model="Classic", rm="MV", rf=0)["weights"]


def skfolio(closes, returns):
    for method, model in {
        "equal": EqualWeighted(),
        "inverse_volatility": InverseVolatility(),
        "hrp_ward_default": HierarchicalRiskParity(risk_measure=RiskMeasure.VARIANCE),
        "risk_budget_variance": RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, solver_params=tight),
    }.items():
        yield method, dict(zip(returns.columns, model.fit(returns).weights_))


def plain_numpy(closes, returns):
    names = returns.columns
    positive = returns.tail(signal_sessions).mean().clip(lower=0).to_numpy()
    inverse = 1 / returns.std(ddof=1).to_numpy()
    for method, score, base in [
        ("signal", positive, np.ones(len(names))),
        ("signal_inverse_vol", positive * inverse, inverse),
    ]:
        base = base / base.sum()
        led = score / score.sum() if score.sum() > 0 else base
        yield method, dict(zip(names, signal_scale * led + (1 - signal_scale) * base))
    yield "hrp_paper", dict(zip(names, paper_weights(returns.to_numpy())))


portfolios = []
for name, symbols in sets.items():
    columns = symbols or list(prices.columns)
    for as_of in [*year_ends, pd.Timestamp("2020-03-20")]:
        for window in [252, 504]:
            closes = prices.loc[:as_of, columns].iloc[-window - 1 :]
            returns = closes.pct_change().dropna()
            assert len(returns) == window
            for package, methods in {
                "pyportfolioopt": pypfopt,
                "riskfolio-lib": riskfolio,
                "skfolio": skfolio,
                "numpy": plain_numpy,
            }.items():
                for method, weights in methods(closes, returns):
                    portfolios.append(
                        {
                            "set": name,
                            "asOf": str(as_of.date()),
                            "windowSessions": window,
                            "method": method,
                            "package": package,
                            "weights": [float(f"{weights[symbol]:.11g}") for symbol in columns],
                        }
                    )

print(
    json.dumps(
        {
            "signalSessions": signal_sessions,
            "signalScale": signal_scale,
            "riskAversion": risk_aversion,
            "sets": {name: symbols or list(prices.columns) for name, symbols in sets.items()},
            "portfolios": portfolios,
        },
        separators=(",", ":"),
    )
)
