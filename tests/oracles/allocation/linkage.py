"""Reference trees for tests/core/allocation/linkage.test.ts.

Run once: python linkage.py > linkage.json   (scipy 1.17)
Merge trees of four linkages, and the leaf order with and without `optimal_ordering`, of points with few ties and of
points on a grid, where distances tie.
"""

import json

import numpy as np
import scipy.cluster.hierarchy as hierarchy
from scipy.spatial.distance import pdist, squareform

rng = np.random.default_rng(7)
cases = []
for size, grid in [(2, False), (3, False), (9, False), (25, False), (60, False), (12, True), (30, True)]:
    points = rng.integers(0, 4, size=(size, 3)) if grid else np.round(rng.normal(size=(size, 4)), 4)
    condensed = pdist(points)
    trees = []
    for method in ["single", "complete", "average", "ward"]:
        plain = hierarchy.linkage(condensed, method)
        ordered = hierarchy.linkage(condensed, method, optimal_ordering=True)
        trees.append(
            {
                "linkage": method,
                "left": plain[:, 0].astype(int).tolist(),
                "right": plain[:, 1].astype(int).tolist(),
                "height": plain[:, 2].tolist(),
                "leaves": hierarchy.leaves_list(plain).tolist(),
                "orderedLeaves": hierarchy.leaves_list(ordered).tolist(),
                "threeClusters": hierarchy.fcluster(plain, min(3, size), "maxclust").tolist(),
            }
        )
    cases.append({"points": points.tolist(), "grid": grid, "trees": trees})

print(json.dumps(cases))
