"""Reference weights for tests/core/allocation/edges.test.ts: where allocators are at their edge.

Run once: python edges.py > edges.json   (cvxpy 1.9.3 with Clarabel, numpy, mpmath)
`tied`: assets whose means tie in a few tiers, under bounds; least variance and greatest Sharpe ratio. cvxpy finds which
weights are on a bound, and the equations of the others are solved by mpmath to 40 digits.
`hedge`: equal risk contributions with a pair that is all but an asset and its inverse; Newton's method by mpmath.
`cash`: three risky assets beside one without risk that earns just the riskless rate; the tangency of the three.
"""

import json

import cvxpy as cp
import mpmath as mp
import numpy as np

mp.mp.dps = 40
rng = np.random.default_rng(7)


def rounded(matrix):
    return np.round(matrix, 9)


def exact(covariance, linear, sums, rough, lower, upper):
    """The optimum of w'Cw / 2 - linear . w under the sums, weights within 1e-6 of a bound being on it."""
    n = len(linear)
    fixed = {i: lower for i in range(n) if rough[i] < lower + 1e-6} | {
        i: upper for i in range(n) if rough[i] > upper - 1e-6
    }
    free = [i for i in range(n) if i not in fixed]
    size = len(free) + len(sums)
    A, b = mp.zeros(size), mp.zeros(size, 1)
    for a, i in enumerate(free):
        for c, j in enumerate(free):
            A[a, c] = mp.mpf(covariance[i][j])
        for r, (row, _) in enumerate(sums):
            A[a, len(free) + r] = A[len(free) + r, a] = mp.mpf(row[i])
        b[a] = mp.mpf(linear[i]) - mp.fsum(mp.mpf(covariance[i][j]) * mp.mpf(w) for j, w in fixed.items())
    for r, (row, total) in enumerate(sums):
        b[len(free) + r] = mp.mpf(total) - mp.fsum(mp.mpf(row[j]) * mp.mpf(w) for j, w in fixed.items())
    x = mp.lu_solve(A, b)
    weights = [mp.mpf(fixed.get(i, 0)) for i in range(n)]
    for a, i in enumerate(free):
        weights[i] = x[a]
    return weights


def checked(weights, rough, lower, upper):
    assert all(abs(float(w) - r) < 1e-5 and lower - 1e-12 <= w <= upper + 1e-12 for w, r in zip(weights, rough))
    return weights


def solve(objective, constraints):
    cp.Problem(cp.Minimize(objective), constraints).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-12, tol_feas=1e-12
    )


def least_variance(covariance, lower, upper):
    n = len(covariance)
    w = cp.Variable(n)
    solve(1e4 * cp.quad_form(w, cp.psd_wrap(covariance)), [cp.sum(w) == 1, w >= lower, w <= upper])
    weights = exact(covariance, np.zeros(n), [(np.ones(n), 1)], w.value, lower, upper)
    return checked(weights, w.value, lower, upper)


def greatest_sharpe(covariance, mean, lower, upper):
    """By the risk tolerance at which variance = tolerance x mean, between two that cvxpy brackets."""
    n = len(mean)
    w, k = cp.Variable(n), cp.Variable()
    solve(
        1e4 * cp.quad_form(w, cp.psd_wrap(covariance)),
        [1e3 * mean @ w == 1, cp.sum(w) == k, w >= lower * k, w <= upper * k],
    )
    rough = w.value / k.value

    def at(tolerance):
        return exact(covariance, [tolerance * mp.mpf(m) for m in mean], [(np.ones(n), 1)], rough, lower, upper)

    def miss(tolerance):
        x = at(tolerance)
        variance = mp.fsum(x[i] * x[j] * mp.mpf(covariance[i][j]) for i in range(n) for j in range(n))
        return variance - tolerance * mp.fsum(x[i] * mp.mpf(mean[i]) for i in range(n))

    start = (rough @ covariance @ rough) / (rough @ mean)
    weights = at(mp.findroot(miss, (start * 0.99, start * 1.01), solver="secant"))
    return checked(weights, rough, lower, upper)


def equal_risk(covariance):
    n = len(covariance)
    C = mp.matrix(covariance.tolist())
    x = mp.matrix([1 / mp.sqrt(C[i, i]) for i in range(n)])
    for _ in range(200):
        g = C * x - mp.matrix([1 / (n * x[i]) for i in range(n)])
        H = C.copy()
        for i in range(n):
            H[i, i] += 1 / (n * x[i] ** 2)
        d = mp.lu_solve(H, -g)
        decrement = mp.sqrt(-(g.T * d)[0] * n)
        x += d * (1 / (1 + decrement) if decrement > 0.2 else 1)
        if decrement < mp.mpf(10) ** -30:
            break
    return [x[i] / mp.fsum(x) for i in range(n)]


def numbers(weights):
    return [float(w) for w in weights]


tied = []
for n, tiers, lower, upper in [(5, 1, 0.0, 1.0), (12, 2, 0.0, 0.3), (25, 3, 0.0, 0.15), (40, 4, -0.04, 0.08)]:
    factors = rng.normal(size=(n, 3))
    covariance = rounded(1e-4 * (factors @ factors.T * 0.6 + np.diag(rng.uniform(0.1, 3, size=n))))
    mean = np.array([1e-4 * (1 + rng.integers(tiers)) for _ in range(n)])
    case = {"mean": mean.tolist(), "covariance": covariance.tolist(), "lower": lower, "upper": upper}
    case["leastVariance"] = numbers(least_variance(covariance, lower, upper))
    case["greatestSharpe"] = numbers(greatest_sharpe(covariance, mean, lower, upper))
    tied.append(case)

sigma = np.array([0.011, 0.0107, 0.004, 0.013])
correlation = np.array(
    [[1, -0.9991, -0.12, 0.35], [-0.9991, 1, 0.13, -0.34], [-0.12, 0.13, 1, 0.05], [0.35, -0.34, 0.05, 1]]
)
hedge = correlation * np.outer(sigma, sigma)

risky = np.array([[1.3e-4, 4e-5, 6e-5], [4e-5, 5e-5, 3e-5], [6e-5, 3e-5, 9e-5]])
gains = np.array([7e-4, 4e-4, 5e-4])

print(
    json.dumps(
        {
            "tied": tied,
            "hedge": {"covariance": hedge.tolist(), "weights": numbers(equal_risk(hedge))},
            "cash": {
                "covariance": risky.tolist(),
                "excess": gains.tolist(),
                "weights": numbers(greatest_sharpe(risky, gains, 0.0, 1.0)),
            },
        },
    )
)
