"""Sends requests through boto3 and the AWS CLI: a JSON object per line in, one per line out."""

import base64
import contextlib
import datetime
import io
import json
import os
import sys
import tempfile

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError

CLIENTS = {"monitoring": "cloudwatch"}
# Operations whose answer has a body, by the body's member.
INTO_A_FILE = {"GetObject": "Body", "Invoke": "Payload", "InvokeEndpoint": "Body"}
ENDPOINT, FOLDER = sys.argv[1], sys.argv[2]
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


def real(value):
    """Parameters: bytes and times come as objects of one member."""
    if isinstance(value, list):
        return [real(each) for each in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["$base64"]:
        return base64.b64decode(value["$base64"])
    if list(value) == ["$time"]:
        return datetime.datetime.fromisoformat(value["$time"].replace("Z", "+00:00"))
    return {name: real(each) for name, each in value.items()}


def plain(value):
    """Answers as JSON: times in ISO, bytes and streams as text."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode()
    if isinstance(value, datetime.datetime):
        at = value.astimezone(datetime.timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond // 1000)
    if hasattr(value, "read"):
        return value.read().decode()
    return value


MADE = {}


def client(service, operation):
    """A client that has the operation: a runtime is a service of its own to boto3."""
    name = CLIENTS.get(service, service)
    if operation == "InvokeEndpoint":
        name = "sagemaker-runtime"
    if name not in MADE:
        MADE[name] = boto3.client(name, endpoint_url=ENDPOINT, config=CONFIG)
    return MADE[name]


def by_boto(service, operation, params):
    try:
        return {"answer": plain(client(service, operation)._make_api_call(operation, real(params)))}
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"refused": {"name": told["Code"], "message": told.get("Message", ""), "status": status}}
    except BotoCoreError as error:
        return {"unsent": str(error)}


def by_cli(service, operation, params):
    import re
    import awscli.clidriver
    from botocore import xform_name

    name = "sagemaker-runtime" if operation == "InvokeEndpoint" else CLIENTS.get(service, service)
    words = ["--endpoint-url", ENDPOINT, "--output", "json", "s3api" if name == "s3" else name]
    words.append(xform_name(operation, "-"))
    # Bodies are files to the CLI.
    for member in ("Body", "Payload"):
        if isinstance(params.get(member), dict):
            path = os.path.join(FOLDER, "body")
            with open(path, "wb") as body:
                body.write(real(params.pop(member)))
            words += ["--" + member.lower(), path if name == "s3" else "fileb://" + path]
    into = os.path.join(FOLDER, "into")
    if operation in INTO_A_FILE:
        # Where the answer's body goes is an argument, and then the others have to be, too.
        for member, value in params.items():
            words += ["--" + xform_name(member, "-"), str(value)]
        words.append(into)
    else:
        words += ["--cli-input-json", json.dumps(cli_params(params))]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exit_code = awscli.clidriver.create_clidriver().main(words)
        except SystemExit as error:
            exit_code = error.code
    if exit_code == 0:
        answer = json.loads(out.getvalue() or "{}")
        if operation in INTO_A_FILE:
            with open(into) as body:
                answer[INTO_A_FILE[operation]] = body.read()
        return {"answer": answer}
    found = re.search(r"An error occurred \((.+?)\) when calling the \w+ operation.*?: (.*)", err.getvalue(), re.S)
    if not found:
        return {"unsent": err.getvalue()}
    return {"refused": {"name": found.group(1), "message": found.group(2).strip()}}


def cli_params(value):
    """The CLI takes times as text."""
    if isinstance(value, list):
        return [cli_params(each) for each in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["$time"]:
        return value["$time"]
    return {name: cli_params(each) for name, each in value.items()}


for line in sys.stdin:
    request = json.loads(line)
    send = by_cli if request["tool"] == "cli" else by_boto
    print(json.dumps(send(request["service"], request["operation"], request["params"])), flush=True)
