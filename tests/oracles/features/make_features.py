"""Writes features.json: made-up level series and their features by other people's code.

    pip install numpy==2.4.6 pandas==3.1.1 TA-Lib==0.8.2 ta==0.11.0 statsmodels==0.15.0

Each feature is computed on its own cut of the last 121 levels (120 returns), as the product promises to read them:
RSI and slopes by TA-Lib, Bollinger bands by ta, EWMA by pandas, autocorrelation by statsmodels. Flat windows follow
the product's rule (RSI 50, %b 0.5, width 0), which these packages answer with 0 or NaN.
"""

import json
from pathlib import Path

import numpy
import pandas
import ta
import talib
from statsmodels.tsa.stattools import acf

random = numpy.random.default_rng(20261122)
count, window, step = 480, 120, 4


def walk(volatility, drift):
    shocks = random.standard_t(5, count - 1) * volatility * random.choice([0.6, 1.0, 1.8], count - 1) + drift
    return numpy.round(100 * numpy.exp(numpy.concatenate([[0], numpy.cumsum(shocks)])), 6)


risky = walk(0.012, 0.0004)
# a halted asset: 150 sessions without any change, so that whole windows are flat
halted = walk(0.02, 0.0)
halted[200:350] = halted[199]
market = walk(0.008, 0.0003)


def features(levels):
    cut = pandas.Series(levels)
    returns = numpy.log(levels[1:] / levels[:-1])
    answer = {f"return{n}": float(numpy.sum(returns[-n:])) for n in range(1, 6)}
    answer["ewma-volatility"] = float(
        numpy.sqrt(pandas.Series(returns**2).ewm(alpha=0.06, adjust=False).mean().iloc[-1])
    )
    answer["rsi"] = 50.0 if numpy.ptp(levels) == 0 else float(talib.RSI(levels, timeperiod=14)[-1])
    bands = ta.volatility.BollingerBands(cut, window=20, window_dev=2)
    flat = numpy.ptp(levels[-20:]) == 0
    answer["bollinger-position"] = 0.5 if flat else float(bands.bollinger_pband().iloc[-1])
    answer["bollinger-width"] = 0.0 if flat else float(bands.bollinger_wband().iloc[-1]) / 100
    logs = numpy.log(levels)
    for n in (20, 60):
        answer[f"market-slope-{n}"] = float(talib.LINEARREG_SLOPE(logs, timeperiod=n)[-1])
    return answer


def digits(value):
    return float(f"{value:.13g}")


rows = list(range(window, count, step))
answers = {}
for name, levels in {"risky": risky, "halted": halted, "market": market}.items():
    found = [features(levels[row - window : row + 1]) for row in rows]
    answers[name] = {feature: [digits(one[feature]) for one in found] for feature in found[0]}

result = {
    "window": window,
    "rows": rows,
    "levels": {"risky": risky.tolist(), "halted": halted.tolist(), "market": market.tolist()},
    "features": answers,
    "lag1": {
        "levels": digits(acf(risky, nlags=1, fft=False)[1]),
        "returns": digits(acf(numpy.log(risky[1:] / risky[:-1]), nlags=1, fft=False)[1]),
    },
}
Path(__file__).with_name("features.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
