"""Records small models of the installed XGBoost and what it predicts with them, for machines without it.

Usage: python3 tests/oracle/xgboost_record.py tests/fixtures/xgboost
Run once per version of XGBoost; files of other versions are left alone, data.json is the same for all.
"""

import json
import pathlib
import sys

import numpy as np
import xgboost as xgb

ROWS, COLUMNS = 60, 4

folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(11)
features = np.round(random.normal(size=(ROWS, COLUMNS)), 2).astype(np.float32)
features[random.random(features.shape) < 0.15] = np.nan
signal = np.nan_to_num(features) @ np.array([1.5, -1.0, 0.5, 0.0]) + random.normal(scale=0.5, size=ROWS)

(folder / "data.json").write_text(
    json.dumps(
        {
            "rows": ROWS,
            "columns": COLUMNS,
            "values": [None if np.isnan(value) else float(value) for value in features.ravel()],
        }
    )
    + "\n"
)


def record(name, labels, rounds, early_stopping=None, **parameters):
    learn, judge = slice(0, 40), slice(40, ROWS)
    booster = xgb.train(
        {"nthread": 1, "eta": 0.4, **parameters},
        xgb.DMatrix(features[learn], labels[learn]),
        rounds,
        evals=[(xgb.DMatrix(features[judge], labels[judge]), "validation")],
        early_stopping_rounds=early_stopping,
        verbose_eval=False,
    )
    stem = folder / f"{name}-{xgb.__version__}"
    booster.save_model(f"{stem}.ubj")
    booster.save_model(f"{stem}.json")
    data = xgb.DMatrix(features)
    expected = {
        "attributes": booster.attributes(),
        "margins": booster.predict(data, output_margin=True).ravel().tolist(),
        "answers": booster.predict(data).ravel().tolist(),
    }
    pathlib.Path(f"{stem}.expected.json").write_text(json.dumps(expected) + "\n")


record("binary", (signal > 0).astype(int), 30, early_stopping=3, objective="binary:logistic", max_depth=3)
record("regression", signal + 10, 6, objective="reg:squarederror", max_depth=3)
record("multiclass", np.digitize(signal, [-1, 1]), 3, objective="multi:softprob", num_class=3, max_depth=2)
record("parallel", (signal > 0).astype(int), 2, objective="binary:logistic", num_parallel_tree=2, max_depth=2)
