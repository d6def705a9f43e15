"""Holds two columns of doubles and, for each line on standard input, times scikit-learn's five figures of them."""

import json
import sys
import time

import numpy
import sklearn
from sklearn import metrics as m

started = time.perf_counter()
labels = numpy.fromfile(sys.argv[1], dtype=numpy.float64)
scores = numpy.fromfile(sys.argv[2], dtype=numpy.float64)
threshold = float(sys.argv[3])
print(json.dumps({"version": sklearn.__version__, "loadSeconds": time.perf_counter() - started}), flush=True)

for _ in sys.stdin:
    started = time.perf_counter()
    figures = {
        "roc_auc": m.roc_auc_score(labels, scores),
        "average_precision": m.average_precision_score(labels, scores),
        "log_loss": m.log_loss(labels, scores, labels=[0, 1]),
        "brier": m.brier_score_loss(labels, scores),
        "f1": m.f1_score(labels, scores >= threshold),
    }
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "figures": {name: float(value) for name, value in figures.items()}}), flush=True)
