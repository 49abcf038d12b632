"""The real AWS command line, run within this process, where a command costs no start of its own; and what was seen of it."""

import contextlib
import io
import json
import os
import re
import sys
import tempfile

from awscli.clidriver import create_clidriver

passed = failed = 0
# What was seen, by the operation's command: how often it worked, and the errors that it named.
worked, named = {}, {}
# It reads the environment's keys once.
driver = create_clidriver()
blobs = tempfile.TemporaryDirectory()


def check(what, holds):
    global passed, failed
    print(("ok    " if holds else "FAIL  ") + what, flush=True)
    passed += bool(holds)
    failed += not holds
    return holds


def aws(*words):
    """Exit code, standard output and standard error of `aws WORDS`."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = driver.main(list(words))
        except SystemExit as end:
            code = end.code
    out.flush()
    return code, out.buffer.getvalue().decode(), err.getvalue()


@contextlib.contextmanager
def signed_by(key):
    """Commands within are signed by this access key of IAM."""
    global driver
    ours, environment = driver, dict(os.environ)
    os.environ.update(AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])
    driver = create_clidriver()
    yield
    os.environ.update(environment)
    driver = ours


def option(member, value):
    """The words that say `member=value`; `_` for `-`."""
    name = "--" + member.replace("_", "-")
    if value is True:
        return [name]
    if isinstance(value, bytes):
        path = os.path.join(blobs.name, "blob")
        with open(path, "wb") as file:
            file.write(value)
        return [name, "fileb://" + path]
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return [name, *value]
    return [name, value if isinstance(value, str) else json.dumps(value)]


def ecr(command, **members):
    return aws("ecr", command, "--output", "json", *(word for pair in members.items() for word in option(*pair)))


def works(command, **members):
    """The output of `aws ecr COMMAND`, which must succeed."""
    code, out, err = ecr(command, **members)
    if check(command + ("" if code == 0 else f": {err.strip()}"), code == 0):
        worked[command] = worked.get(command, 0) + 1
    return json.loads(out) if code == 0 and out.strip() else {}


def refused(error, command, **members):
    """`aws ecr COMMAND` must fail, and say `error`."""
    code, _, err = ecr(command, **members)
    said = re.search(r"An error occurred \((\w+)\)", err)
    told = said.group(1) if said else f"exit code {code}: {err.strip()}"
    if check(f"{command}: {error}" + ("" if told == error else f", but it was {told}"), told == error):
        named.setdefault(command, set()).add(error)


def summary():
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
