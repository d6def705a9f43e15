"""Answers scikit-learn's figures for the cases on standard input, as JSON; tests/unit/evaluation holds ours against them."""

import json
import sys

import numpy
import sklearn
from sklearn import metrics as m


def binary(labels, scores, threshold, weights):
    answers = (scores >= threshold).astype(int)
    by_weight = {"sample_weight": weights}
    return {
        "roc_auc": m.roc_auc_score(labels, scores, **by_weight),
        "average_precision": m.average_precision_score(labels, scores, **by_weight),
        "log_loss": m.log_loss(labels, scores, labels=[0, 1], **by_weight),
        "brier": m.brier_score_loss(labels, scores, **by_weight),
        "accuracy": m.accuracy_score(labels, answers, **by_weight),
        "balanced_accuracy": m.balanced_accuracy_score(labels, answers, **by_weight),
        "precision": m.precision_score(labels, answers, zero_division=numpy.nan, **by_weight),
        "recall": m.recall_score(labels, answers, zero_division=numpy.nan, **by_weight),
        "f1": m.f1_score(labels, answers, zero_division=numpy.nan, **by_weight),
        "mcc": m.matthews_corrcoef(labels, answers, **by_weight),
    }


def regression(labels, scores, weights):
    by_weight = {"sample_weight": weights}
    return {
        "mse": m.mean_squared_error(labels, scores, **by_weight),
        "rmse": m.root_mean_squared_error(labels, scores, **by_weight),
        "mae": m.mean_absolute_error(labels, scores, **by_weight),
        "medae": m.median_absolute_error(labels, scores, **by_weight),
        "max_error": m.max_error(labels, scores),
        "r2": m.r2_score(labels, scores, **by_weight),
        "explained_variance": m.explained_variance_score(labels, scores, **by_weight),
        "rmsle": m.root_mean_squared_log_error(labels, scores, **by_weight),
    }


def answer(case):
    labels = numpy.array(case["labels"], dtype=float)
    scores = numpy.array(case["scores"], dtype=float)
    weights = numpy.array(case["weights"], dtype=float) if case.get("weights") else None
    if case["problem"] == "binary":
        figures = binary(labels, scores, case["threshold"], weights)
    else:
        figures = regression(labels, scores, weights)
    return {name: None if numpy.isnan(value) else float(value) for name, value in figures.items()}


json.dump({"version": sklearn.__version__, "figures": [answer(case) for case in json.load(sys.stdin)]}, sys.stdout)
