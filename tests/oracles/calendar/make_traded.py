"""Writes traded.json: the weekdays of 1990 to 2022 on which the S&P 500 has no close, from data of real trading.

    pip download --no-deps skfolio==1.12.2; python make_traded.py skfolio-1.12.2-py3-none-any.whl
The dates of the index in the PyPI package skfolio (BSD-3-Clause, see NOTICE): what a calendar package computes by rule,
the index had to live through.
"""

import csv
import gzip
import io
import json
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path

with zipfile.ZipFile(sys.argv[1]) as wheel:
    text = gzip.decompress(wheel.read("skfolio/datasets/data/sp500_index.csv.gz")).decode()
traded = [row[0] for row in list(csv.reader(io.StringIO(text)))[1:]]
first, last = date.fromisoformat(traded[0]), date.fromisoformat(traded[-1])
days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
assert all(date.fromisoformat(day).weekday() < 5 for day in traded)
closed = [str(day) for day in days if day.weekday() < 5 and str(day) not in set(traded)]
answer = {"first": str(first), "last": str(last), "sessionCount": len(traded), "closed": closed}
Path(__file__).with_name("traded.json").write_text(json.dumps(answer, separators=(",", ":")) + "\n")
