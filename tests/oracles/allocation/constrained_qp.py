"""Reference optima for tests/core/allocation/solve-qp.test.ts.

Run once: python constrained_qp.py > constrained_qp.json   (cvxpy 1.9.3 with Clarabel, tolerances 1e-11)
minimise w'Pw / 2 - q'w + sum c |w - h| + sum k |w - h|^1.5 under bounds, groups, a one-way turnover cap and a gross
limit, in the combinations a rebalance meets.
"""

import json

import cvxpy as cp
import numpy as np

rng = np.random.default_rng(11)
cases = []
for size in [4, 10, 25]:
    for kind in ["bounds", "costs", "impact", "turnover", "groups", "gross", "everything"]:
        factors = rng.normal(size=(size, 3))
        matrix = np.round(0.02 * (factors @ factors.T + np.diag(rng.uniform(0.5, 2, size=size))), 6)
        linear = np.round(rng.normal(scale=0.02, size=size), 6)
        current = np.round(rng.dirichlet(np.ones(size)), 4)
        current[0] += 1 - current.sum()
        everything = kind == "everything"
        short = kind == "gross" or everything
        lower, upper = (-0.3, 0.6) if short else (0.0, 0.6)
        cost = 0.004 if kind in ("costs", "impact") or everything else 0.0
        impact = 0.01 if kind == "impact" or everything else 0.0
        turnover = 0.15 if kind == "turnover" else 0.9 if everything else None
        gross = 1.3 if short else None
        groups = []
        if kind == "groups" or everything:
            groups = [
                {"members": [0, 1], "lower": -0.2 if everything else 0.05, "upper": 0.35},
                {"members": [1, 2], "lower": 0.3, "upper": 0.3},
            ]
        w = cp.Variable(size)
        trade = cp.abs(w - current)
        objective = cp.quad_form(w, cp.psd_wrap(matrix)) / 2 - linear @ w + cost * cp.sum(trade)
        if impact:
            objective += impact * cp.sum(cp.power(trade, 1.5))
        constraints = [cp.sum(w) == 1, w >= lower, w <= upper]
        if turnover:
            constraints.append(cp.sum(trade) / 2 <= turnover)
        if gross:
            constraints.append(cp.norm1(w) <= gross)
        for group in groups:
            total = cp.sum(w[group["members"]])
            constraints += [total >= group["lower"], total <= group["upper"]]
        problem = cp.Problem(cp.Minimize(objective), constraints)
        problem.solve(
            solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11, max_iter=200
        )
        assert problem.status in ("optimal", "optimal_inaccurate"), (kind, size, problem.status)
        cases.append(
            {
                "kind": kind,
                "matrix": matrix.ravel().tolist(),
                "linear": linear.tolist(),
                "current": current.tolist(),
                "lower": lower,
                "upper": upper,
                "cost": cost,
                "impact": impact,
                "turnoverMax": turnover,
                "grossExposureMax": gross,
                "groups": groups,
                "objective": float(problem.value),
                "weights": [float(f"{x:.10g}") for x in w.value],
            }
        )

print(json.dumps(cases))
