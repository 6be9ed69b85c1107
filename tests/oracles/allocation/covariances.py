"""Reference covariances for tests/core/allocation/risk.test.ts.

Run once: python covariances.py > covariances.json   (numpy, pandas, scikit-learn 1.x)
"""

import json

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf

rng = np.random.default_rng(20260101)
loadings = rng.normal(size=(3, 5))
returns = (rng.normal(size=(40, 3)) @ loadings + rng.normal(size=(40, 5))) * 0.01
returns = np.round(returns, 8)

ewma = np.outer(returns[0], returns[0])
for row in returns[1:]:
    ewma = 0.94 * ewma + 0.06 * np.outer(row, row)

gaps = returns.copy()
gaps[:7, 1] = np.nan
gaps[20, 3] = np.nan
gaps[35:, 4] = np.nan
frame = pd.DataFrame(gaps)
shrunk, shrinkage = ledoit_wolf(returns)

print(
    json.dumps(
        {
            "returns": returns.tolist(),
            "sample": np.cov(returns, rowvar=False, ddof=1).tolist(),
            "ewma": ewma.tolist(),
            "ledoitWolf": shrunk.tolist(),
            "shrinkage": shrinkage,
            "gaps": [[None if np.isnan(x) else x for x in row] for row in gaps],
            "pairwiseCovariance": frame.cov().values.tolist(),
            "pairwiseCorrelation": frame.corr().values.tolist(),
        },
        indent=1,
    )
)
