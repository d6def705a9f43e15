"""Reads capture files into a data frame and measures their drift against a baseline: with evidently, or with scipy."""

import io
import json
import pathlib
import resource
import sys
import time

import numpy
import pandas
from scipy.spatial import distance
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

folder, baseline_path, peer = sys.argv[1:4]
baseline = pandas.read_csv(baseline_path)
categories = [name for name in baseline.columns if name.startswith("c")]


def captured() -> pandas.DataFrame:
    """All requests as rows, whoever comes twice once."""
    inputs, answers, seen = [], [], set()
    for path in sorted(pathlib.Path(folder).rglob("*.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                event = record["eventMetadata"]["eventId"]
                if event in seen:
                    continue
                seen.add(event)
                data = record["captureData"]
                inputs.append(data["endpointInput"]["data"])
                answers.append(float(data["endpointOutput"]["data"]))
    features = [name for name in baseline.columns if name != "prediction"]
    frame = pandas.read_csv(io.StringIO("\n".join(inputs)), header=None, names=features)
    frame["prediction"] = answers
    return frame


def with_scipy(current: pandas.DataFrame) -> list[str]:
    """Jensen-Shannon on the baseline's bins, Wasserstein and Kolmogorov-Smirnov; chi-square for categories."""
    drifted = []
    for name in baseline.columns:
        before, now = baseline[name].dropna(), current[name].dropna()
        if name in categories:
            values = sorted(set(before) | set(now))
            tables = [column.value_counts().reindex(values, fill_value=0) for column in (before, now)]
            chi2_contingency(numpy.array(tables))
            if distance.jensenshannon(*tables, base=2) >= 0.1:
                drifted.append(name)
            continue
        edges = numpy.unique(numpy.quantile(before, [0.01, 0.05, *numpy.arange(0.1, 0.95, 0.1), 0.95, 0.99]))
        edges = numpy.concatenate([[-numpy.inf], edges, [numpy.inf]])
        counts = [numpy.histogram(column, edges)[0] for column in (before, now)]
        ks_2samp(before, now)
        moved = wasserstein_distance(before, now.clip(before.min(), before.max())) / before.std()
        if distance.jensenshannon(*counts, base=2) >= 0.1 or moved >= 0.1:
            drifted.append(name)
    return drifted


def with_evidently(current: pandas.DataFrame) -> list[str]:
    """The preset as it comes."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers = [name for name in baseline.columns if name not in categories]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    both = [Dataset.from_pandas(frame, data_definition=definition) for frame in (current, baseline)]
    result = Report([DataDriftPreset()]).run(*both).dict()
    columns = [metric for metric in result["metrics"] if "column" in metric.get("config", {})]
    return [
        metric["config"]["column"]
        for metric in columns
        if metric["value"] >= metric["config"].get("threshold", 0.1)
    ]


started = time.perf_counter()
frame = captured()
read = time.perf_counter()
found = with_evidently(frame) if peer == "evidently" else with_scipy(frame)
ended = time.perf_counter()
if peer == "evidently":
    import evidently

    version = evidently.__version__
else:
    import scipy

    version = scipy.__version__
print(
    json.dumps(
        {
            "version": version,
            "readSeconds": read - started,
            "seconds": ended - started,
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows": len(frame),
            "drifted": found,
        }
    )
)
