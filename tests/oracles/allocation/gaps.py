"""Reference portfolios over prices with gaps, for tests/core/allocation/packages.test.ts.

Run once: python gaps.py > gaps.json   (PyPortfolioOpt 1.6.0)
Simulated closes of eight assets that begin late, end early or have holes; covariance and correlation pair by pair over
the sessions both have, as pandas takes them. Risk-free rate 2 % in the ratios only; [return, volatility, Sharpe].
"""

import json

import numpy as np
import pandas as pd
from pypfopt import HRPOpt, expected_returns, risk_models
from pypfopt.cla import CLA

rng = np.random.default_rng(20261125)
sessions, assets = 240, 8
market = rng.normal(size=(sessions, 2)) @ rng.normal(size=(2, assets))
returns = 0.006 * (market + rng.normal(size=(sessions, assets))) + np.linspace(-0.0004, 0.002, assets)
values = np.round(100 * np.exp(np.cumsum(returns, axis=0)), 4)
values[:60, 1] = np.nan
values[:25, 6] = np.nan
values[215:, 4] = np.nan
values[100:103, 2] = np.nan
values[171, [2, 5]] = np.nan
prices = pd.DataFrame(values, columns=[f"A{i}" for i in range(assets)])

change = prices.pct_change(fill_method=None)
mean = expected_returns.mean_historical_return(prices)
covariance = risk_models.sample_cov(prices)
answers = {}
for name, bounds, goal in [
    ("maxSharpeLong", (0, 1), "max_sharpe"),
    ("maxSharpeShort", (-1, 1), "max_sharpe"),
    ("minVolatilityLong", (0, 1), "min_volatility"),
]:
    line = CLA(mean, covariance, weight_bounds=bounds)
    getattr(line, goal)()
    answers[name] = [float(x) for x in line.portfolio_performance(risk_free_rate=0.02)]

hrp = HRPOpt(change.dropna(how="all")).optimize("single")
print(
    json.dumps(
        {
            "prices": [[None if np.isnan(x) else x for x in row] for row in values],
            "mean": mean.tolist(),
            "covariance": covariance.to_numpy().tolist(),
            "hrp": [float(hrp[name]) for name in prices.columns],
            "cla": answers,
        },
        separators=(",", ":"),
    )
)
