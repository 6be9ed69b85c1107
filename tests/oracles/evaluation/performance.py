"""Writes performance.json: measures of the bundled stocks by empyrical-reloaded, quantstats and pandas.

    pip install empyrical-reloaded==0.7.1 quantstats==0.0.86
    python performance.py

Simple daily returns, 252 sessions a year, ddof 1, risk-free 0. empyrical compounds the annual return by the count of
sessions; Sortino's downside is the root mean square of the losses over all sessions, in both packages; both take a
drawdown as negative. The longest run below a high is counted in pandas.
"""

import json
import warnings
from pathlib import Path

import empyrical
import pandas
import quantstats.stats as quantstats

warnings.filterwarnings("ignore")
bundled = Path(__file__).parents[3] / "config/examples/prices/sp500-20.csv.gz"
prices = pandas.read_csv(bundled, index_col="date", parse_dates=True)


def sessions_below_high(returns):
    level = (1 + returns).cumprod()
    below = level < level.cummax().clip(lower=1)
    return int(below.groupby((~below).cumsum()).sum().max())


def measures(returns):
    return {
        "empyrical-reloaded": {
            "cumulativeReturn": empyrical.cum_returns_final(returns),
            "annualisedReturn": empyrical.annual_return(returns),
            "annualisedVolatility": empyrical.annual_volatility(returns),
            "sharpe": empyrical.sharpe_ratio(returns),
            "sortino": empyrical.sortino_ratio(returns),
            "maximumDrawdown": -empyrical.max_drawdown(returns),
            "calmar": empyrical.calmar_ratio(returns),
        },
        "quantstats": {
            "cumulativeReturn": quantstats.comp(returns),
            "annualisedVolatility": quantstats.volatility(returns, periods=252),
            "sharpe": quantstats.sharpe(returns, periods=252),
            "sortino": quantstats.sortino(returns, periods=252),
            "maximumDrawdown": -quantstats.max_drawdown(returns),
        },
        "pandas": {"drawdownSessionsMax": sessions_below_high(returns)},
    }


answers = []
for first, last in [("2013-01-02", "2022-12-28"), ("2020-01-02", "2020-12-31"), ("2022-01-03", "2022-12-28")]:
    returns = prices.loc[first:last].pct_change().dropna()
    for symbol in prices.columns:
        found = measures(returns[symbol])
        answers.append(
            {
                "symbol": symbol,
                "first": first,
                "last": last,
                "measures": {
                    package: {name: float(f"{value:.12g}") for name, value in values.items()}
                    for package, values in found.items()
                },
            }
        )
Path(__file__).with_name("performance.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")
