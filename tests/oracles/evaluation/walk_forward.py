"""Writes walk_forward.json: monthly strategies on four bundled stocks, walked forward in plain numpy and pandas.

    pip install numpy==2.4.6 pandas==3.1.1
    python walk_forward.py

Decided at the close of each month's last session, filled at the next session's close: the old holdings earn that
session, then they are traded, as drifted, and 3 basis points of the traded notional are charged. The portfolio opens in
cash; the first fill is exempt from cap and band. Kept: the value at each month's end, and the sums over all fills.
Inside the band nothing is traded: not even what the fill's session moves.
"""

import json
from pathlib import Path

import numpy
import pandas

cost = 0.0003
inception = "2014-03-03"
symbols = ["BAC", "JNJ", "PFE", "XOM"]
bundled = Path(__file__).parents[3] / "config/examples/prices/sp500-20.csv.gz"
prices = pandas.read_csv(bundled, index_col="date", parse_dates=True)[symbols]
prices = prices[:"2022-11-30"]  # the last whole month
returns = prices.pct_change()
month_ends = set(prices.groupby(prices.index.to_period("M")).tail(1).index)
rolling = returns.rolling(252).std()


def equal(_):
    return numpy.full(4, 0.25)


def inverse_volatility(day):
    inverse = 1 / rolling.loc[day].to_numpy()
    return inverse / inverse.sum()


def run(weigh, cap=None, band=0.0):
    # money in each stock and in cash, gross of costs, and the part of it that costs have left
    money, cash, left = numpy.zeros(4), 1.0, 1.0
    order, started, months, traded, paid = None, False, [], 0.0, 0.0
    for day in prices.index[prices.index >= inception]:
        money = money * (1 + returns.loc[day].to_numpy())
        worth = money.sum() + cash
        if order is not None:
            notional = numpy.abs(order * worth - money).sum() / worth
            left *= 1 - cost * notional
            traded, paid = traded + notional, paid + cost * notional
            money, cash = order * worth, worth * (1 - order.sum())
            order = None
        if day in month_ends:
            months.append({"session": str(day.date()), "gross": worth, "net": worth * left})
            held, goal = money / worth, weigh(day)
            one_way = numpy.abs(goal - held).sum() / 2
            if not started or cap is None or one_way <= cap:
                order = goal
            else:
                order = held + cap / one_way * (goal - held)
            if started and one_way < band:
                order = None
            started = True
    return {"months": months, "turnoverTwoWay": traded, "costRatio": paid}


answers = {
    "equal": run(equal),
    "inverse-vol": run(inverse_volatility),
    "inverse-vol-capped": run(inverse_volatility, cap=0.02, band=0.01),
}
Path(__file__).with_name("walk_forward.json").write_text(json.dumps(answers) + "\n")
