"""Makes sp500-20.csv.gz from the data of the PyPI package skfolio 1.12.2 (BSD-3-Clause, see NOTICE).

pip download --no-deps skfolio==1.12.2, then: python make_prices.py skfolio-1.12.2-py3-none-any.whl sp500-20.csv.gz
Adjusted closes (dividends and splits) of 20 stocks, and the S&P 500 index level as ^GSPC, 2013 to 2022.
"""

import csv
import gzip
import io
import sys
import zipfile

FIRST = "2013-01-02"


def rows(wheel, name):
    text = gzip.decompress(wheel.read(f"skfolio/datasets/data/{name}")).decode()
    return list(csv.reader(io.StringIO(text)))


with zipfile.ZipFile(sys.argv[1]) as wheel:
    stocks = rows(wheel, "sp500_dataset.csv.gz")
    index = dict(rows(wheel, "sp500_index.csv.gz")[1:])

out = io.StringIO()
writer = csv.writer(out, lineterminator="\n")
writer.writerow(["date", *stocks[0][1:], "^GSPC"])
for row in stocks[1:]:
    if row[0] >= FIRST:
        writer.writerow([*row, index[row[0]]])
with open(sys.argv[2], "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
    packed.write(out.getvalue().encode())
