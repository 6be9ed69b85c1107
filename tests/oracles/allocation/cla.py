"""Reference for tests/core/allocation/cla.test.ts: the ten assets of Bailey and Lopez de Prado (2013).

Run once: python cla.py cvxcla-1.3.0.tar.gz > cla.json   (pip download --no-deps --no-binary :all: cvxcla==1.3.0)
Means, covariance and the paper's printed turning points (three decimals) stand in the source package of cvxcla, see
NOTICE; PyPortfolioOpt 1.6.0 computes the turning points again to all digits, with the maximum Sharpe ratio (rf 0).
"""

import csv
import io
import json
import sys
import tarfile

import numpy as np
from pypfopt.cla import CLA


def table(package, name):
    text = package.extractfile(f"cvxcla-1.3.0/src/tests/resources/{name}").read().decode()
    return np.array(list(csv.reader(io.StringIO(text)))[1:], dtype=float)


with tarfile.open(sys.argv[1]) as package:
    data, published = table(package, "CLA_Data.csv"), table(package, "results.csv")

mean, covariance = data[0], data[3:]
line = CLA(mean, covariance)
line.max_sharpe()
sharpe = line.weights.ravel().tolist()
line.min_volatility()
points = [
    {
        "mean": float(w.ravel() @ mean),
        "volatility": float(np.sqrt(w.ravel() @ covariance @ w.ravel())),
        "lambda": float(slope),
        "weights": w.ravel().tolist(),
    }
    for w, slope in list(zip(line.w, line.ls))[1:]  # its first repeats the start
]
print(
    json.dumps(
        {
            "mean": mean.tolist(),
            "covariance": covariance.tolist(),
            "published": published.tolist(),
            "turningPoints": points,
            "maxSharpe": sharpe,
            "minVariance": line.weights.ravel().tolist(),
        },
        separators=(",", ":"),
    )
)
