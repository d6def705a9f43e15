"""Real XGBoost as an oracle. Answers each line of JSON on stdin with one.

Matrices are files of float32, row after row, NaN for a missing value.
"""

import json
import sys
import time

import numpy as np
import xgboost as xgb

xgb.set_config(verbosity=0)


def matrix(part):
    return np.fromfile(part["file"], dtype="<f4").reshape(part["rows"], part["columns"])


def vector(path):
    return None if path is None else np.fromfile(path, dtype="<f4")


def train(request):
    features = matrix(request["train"])
    labels = vector(request["labels"])
    weights = vector(request.get("weights"))
    evals = {}
    started, busy = time.perf_counter(), time.process_time()
    data = xgb.DMatrix(features, labels, weight=weights, nthread=1)
    watched = [(data, "train")] if request.get("evaluate") else []
    if "validation" in request:
        watched.append((xgb.DMatrix(matrix(request["validation"]), vector(request["validationLabels"])), "validation"))
    booster = xgb.train(
        {"nthread": 1, **request["parameters"]},
        data,
        request["rounds"],
        evals=watched,
        evals_result=evals,
        early_stopping_rounds=request.get("earlyStoppingRounds"),
        verbose_eval=False,
    )
    answer = {
        "seconds": time.perf_counter() - started,
        "cpuSeconds": time.process_time() - busy,
        "evals": evals,
        "attributes": booster.attributes(),
    }
    if "model" in request:
        booster.save_model(request["model"] + ".ubj")
        booster.save_model(request["model"] + ".json")
    if "test" in request:
        score(booster, request["test"], request["scores"])
    return answer


def score(booster, part, stem):
    data = xgb.DMatrix(matrix(part))
    booster.predict(data, output_margin=True).astype("<f4").tofile(stem + ".margins")
    booster.predict(data).astype("<f4").tofile(stem + ".answers")


def predict(request):
    rounds = []
    for model in request["models"]:
        booster = xgb.Booster()
        booster.load_model(model["file"])
        score(booster, request["data"], model["scores"])
        rounds.append(booster.num_boosted_rounds())
    return {"rounds": rounds}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"train": train, "predict": predict}[request["operation"]](request)
        print(json.dumps({"version": xgb.__version__, **answer}), flush=True)


main()
