"""Writes adjustments.json: made-up closes as traded, their dividends and splits, and the adjusted closes of both kinds.

    pip install numpy==2.4.6 pandas==3.1.1
    python adjustments.py

Three stocks over 500 weekdays: one pays each quarter, one splits 4:1 and 1:10 and pays, one does neither. Adjusted as
vendors do, from the newest close backwards: every close before an ex-date is multiplied by 1 - dividend / the close
before it, and before a split divided by its ratio. `reinvested` takes the dividend at the ex-date's close instead.
"""

import json
from pathlib import Path

import numpy
import pandas

random = numpy.random.default_rng(7)
days = pandas.bdate_range("2021-01-04", periods=500)


def stock(symbol, dividend_every, dividend, splits):
    returns = pandas.Series(0.0003 + 0.011 * random.standard_normal(len(days)), index=days)
    split = pandas.Series(1.0, index=days)
    for row, ratio in splits.items():
        split.iloc[row] = ratio
    paid = pandas.Series(0.0, index=days)
    if dividend_every:
        paid.iloc[dividend_every // 2 :: dividend_every] = dividend
    # total return in the share units of before: split x (close + dividend) / close before = 1 + return
    closes = [80.0]
    for day in days[1:]:
        closes.append(round(closes[-1] * (1 + returns[day]) / split[day] - paid[day], 4))
    close = pandas.Series(closes, index=days)
    before = close.shift(1) / split
    taken = ((1 - paid / before) / split).fillna(1)
    bought = (close / (close + paid) / split).fillna(1)
    backwards = lambda factor: factor[::-1].cumprod()[::-1].shift(-1).fillna(1)
    return {
        "symbol": symbol,
        "close": close.tolist(),
        "dividend": paid.tolist(),
        "split": split.tolist(),
        "splitAdjusted": (close * backwards((1 / split).fillna(1))).round(8).tolist(),
        "splitAdjustedDividend": (paid * backwards((1 / split).fillna(1))).round(8).tolist(),
        "adjusted": (close * backwards(taken)).round(8).tolist(),
        "reinvested": (close * backwards(bought)).round(8).tolist(),
    }


answer = {
    "sessions": [str(day.date()) for day in days],
    "stocks": [
        stock("PAYS", 63, 0.55, {}),
        stock("SPLITS", 63, 0.2, {130: 4.0, 350: 0.1}),
        stock("NEITHER", 0, 0.0, {}),
    ],
}
Path(__file__).with_name("adjustments.json").write_text(json.dumps(answer, separators=(",", ":")) + "\n")
