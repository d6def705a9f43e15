"""Reads a file into a data frame, describes it and makes the benchmark's ten checks, with one of the peers."""

import importlib.metadata
import json
import resource
import sys
import time

peer, path = sys.argv[1:3]

import pandas

if peer == "pandas":
    import sklearn.preprocessing
    import sklearn.utils
elif peer == "pandera":
    import pandera.pandas as pa
elif peer == "great_expectations":
    import great_expectations as gx
elif peer == "evidently":
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataSummaryPreset

NOTES = ['said "late"', "late", "on time"]

started = time.perf_counter()
if path.endswith(".parquet"):
    frame = pandas.read_parquet(path)
else:
    frame = pandas.read_csv(path, parse_dates=["date", "day"])
read_seconds = time.perf_counter() - started
# The profile: what every peer but evidently leaves to pandas.
if peer != "evidently":
    frame.describe(include="all")
    {name: frame[name].value_counts().head(50) for name in frame.columns if frame[name].dtype == object}


def with_pandas() -> list[bool]:
    """The checks by hand; scikit-learn checks that the numbers are finite and learns the categories."""
    numbers = frame.select_dtypes("number").drop(columns=["share", "fuel", "gate"])
    sklearn.utils.check_array(numbers)
    sklearn.preprocessing.OrdinalEncoder().fit(frame[["origin", "destination", "note"]])
    return [
        frame["id"].notna().all(),
        frame["share"].notna().mean() >= 0.8,
        frame["distance"].between(0, 6000).all(),
        frame["hour"].between(0, 23).all(),
        (frame["small"] >= 0).all(),
        frame["note"].isin(NOTES).all(),
        (frame["origin"].str.len() == 3).all(),
        frame["key"].str.fullmatch("[0-9a-f]{12}").all(),
        0 <= frame["delay"].mean() <= 20,
        len(frame) >= 1000,
    ]


def with_pandera() -> list[bool]:
    """A schema of the same checks."""
    check = pa.Check
    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(nullable=False),
            "share": pa.Column(checks=check(lambda column: column.notna().mean() >= 0.8, ignore_na=False), nullable=True),
            "distance": pa.Column(checks=check.in_range(0, 6000)),
            "hour": pa.Column(checks=check.in_range(0, 23)),
            "small": pa.Column(checks=check.ge(0)),
            "note": pa.Column(checks=check.isin(NOTES)),
            "origin": pa.Column(checks=check.str_length(3, 3)),
            "key": pa.Column(checks=check.str_matches("^[0-9a-f]{12}$")),
            "delay": pa.Column(checks=check(lambda column: 0 <= column.mean() <= 20)),
        },
        checks=check(lambda whole: len(whole) >= 1000),
    )
    schema.validate(frame, lazy=True)
    return [True]


def with_great_expectations() -> list[bool]:
    """A suite of the same expectations."""
    gx_context = gx.get_context(mode="ephemeral")
    gx_context.variables.progress_bars = {"globally": False}
    batch = (
        gx_context.data_sources.add_pandas("pandas")
        .add_dataframe_asset("flights")
        .add_batch_definition_whole_dataframe("all")
    )
    expect = gx.expectations
    suite = gx.ExpectationSuite(
        name="bench",
        expectations=[
            expect.ExpectColumnValuesToNotBeNull(column="id"),
            expect.ExpectColumnValuesToNotBeNull(column="share", mostly=0.8),
            expect.ExpectColumnValuesToBeBetween(column="distance", min_value=0, max_value=6000),
            expect.ExpectColumnValuesToBeBetween(column="hour", min_value=0, max_value=23),
            expect.ExpectColumnValuesToBeBetween(column="small", min_value=0),
            expect.ExpectColumnValuesToBeInSet(column="note", value_set=NOTES),
            expect.ExpectColumnValueLengthsToEqual(column="origin", value=3),
            expect.ExpectColumnValuesToMatchRegex(column="key", regex="^[0-9a-f]{12}$"),
            expect.ExpectColumnMeanToBeBetween(column="delay", min_value=0, max_value=20),
            expect.ExpectTableRowCountToBeBetween(min_value=1000),
        ],
    )
    found = batch.get_batch({"dataframe": frame}).validate(suite)
    return [result.success for result in found.results]


def with_evidently() -> list[bool]:
    """Its summary of the data, which is its profile; its tests compare with a reference, and there is none."""
    types = pandas.api.types
    # To pandas a truth value is a number; evidently asks for its quantiles then, which there are none of.
    numbers = [
        name for name in frame.columns if types.is_numeric_dtype(frame[name]) and not types.is_bool_dtype(frame[name])
    ]
    texts = [name for name in frame.columns if frame[name].dtype == object or types.is_bool_dtype(frame[name])]
    data = Dataset.from_pandas(
        frame, data_definition=DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    )
    Report([DataSummaryPreset()]).run(data, None).dict()
    return [True]


checks = {
    "pandas": with_pandas,
    "pandera": with_pandera,
    "great_expectations": with_great_expectations,
    "evidently": with_evidently,
}
outcome = checks[peer]()
print(
    json.dumps(
        {
            "version": importlib.metadata.version(peer),
            "readSeconds": read_seconds,
            "seconds": time.perf_counter() - started,
            "cpuSeconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows": len(frame),
            "failed": sum(not bool(each) for each in outcome),
        }
    )
)
