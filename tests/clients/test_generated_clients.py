"""Two public client generators make code of our OpenAPI document, and it scores.

They are large and are no dependency of ours: each is installed, in the version stated
here, into an environment of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.app import create_app
from serving.openapi import EXAMPLE
from serving.settings import ServingSettings
from tests.serving.processes import running

pytestmark = pytest.mark.long

OPENAPI_PYTHON_CLIENT = ["openapi-python-client==0.29.1", "mypy==2.4.0"]
# what its code needs, as its own requirements.txt says, and Java
OPENAPI_GENERATOR = [
    "openapi-generator-cli==7.26.0",
    *("urllib3>=2.7,<3", "python-dateutil>=2.8.2", "pydantic>=2.11"),
]

SCORE_BY_ATTRS = """
import json, sys
from generated import AuthenticatedClient
from generated.api.decisions import read_decision, score
from generated.api.operation import readyz
from generated.models import Problem, ScoreAnswer, ScoreRequest

url, key, asked = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = AuthenticatedClient(base_url=url, token=key)
answer = score.sync(client=client, body=ScoreRequest.from_dict(asked))
assert isinstance(answer, ScoreAnswer), answer
again = read_decision.sync(answer.decision_id, client=client)
assert again == answer
assert readyz.sync(client=client).status == "ready"
asked["as_of"] = "2090-01-01T00:00:00Z"
refused = score.sync(client=client, body=ScoreRequest.from_dict(asked))
assert isinstance(refused, Problem), refused
print(json.dumps([answer.action, answer.exposure.open_, refused.code]))
"""
SCORE_BY_PYDANTIC = """
import json, sys
from generated import ApiClient, Configuration, DecisionsApi, OperationApi
from generated.exceptions import ApiException
from generated.models import Problem, ScoreRequest

url, key, asked = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with ApiClient(Configuration(host=url, access_token=key)) as client:
    decisions = DecisionsApi(client)
    answer = decisions.score(ScoreRequest.from_dict(asked))
    assert decisions.read_decision(answer.decision_id) == answer
    assert OperationApi(client).readyz().status == "ready"
    asked["as_of"] = "2090-01-01T00:00:00Z"
    try:
        decisions.score(ScoreRequest.from_dict(asked))
    except ApiException as refused:
        problem = refused.data
assert isinstance(problem, Problem), problem
print(json.dumps([answer.action, answer.exposure.open, problem.code]))
"""


def run(*command: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tools(folder: Path, requirements: list[str]) -> Path:
    """The programs of a new environment with these packages."""
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    programs = folder / "env" / "bin"
    run(programs / "pip", "install", "-q", *requirements, cwd=folder)
    return programs


@pytest.fixture
def document(tmp_path: Path) -> Path:
    app = create_app(ServingSettings(home=tmp_path / "state"))
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(app.openapi()))
    return file


def scored(script: str, programs: Path, folder: Path) -> list[object]:
    """What generated code gets from a service; all of it compiles."""
    run(programs / "python", "-W", "error", "-m", "compileall", "-q", ".", cwd=folder)
    with running(folder / "state") as service:
        url = f"http://127.0.0.1:{service.port}"
        asked = url, service.key, json.dumps(EXAMPLE)
        said = run(programs / "python", "-c", script, *asked, cwd=folder)
    found: list[object] = json.loads(said)
    return found


def test_openapi_python_client_makes_a_client_that_scores(
    tmp_path: Path, document: Path
) -> None:
    programs = tools(tmp_path, OPENAPI_PYTHON_CLIENT)
    out = tmp_path / "code" / "generated"
    out.parent.mkdir()
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    made = run(
        programs / "openapi-python-client",
        *("generate", "--meta", "none", "--path", document, "--output-path", out),
        cwd=tmp_path,
        PATH=path,
    )
    # streams are beyond it, and nothing else
    assert made.count("WARNING") == made.count("POST /v1/score/portfolio")
    # its own `client.py` is the same for every document, and not clean
    checked = (
        "--follow-imports",
        "silent",
        "-p",
        "generated.api",
        "-p",
        "generated.models",
    )
    run(programs / "mypy", *checked, cwd=out.parent)
    expected = ["review", 468.0, "as_of_in_future"]
    assert scored(SCORE_BY_ATTRS, programs, out.parent) == expected


@pytest.mark.skipif(shutil.which("java") is None, reason="the generator needs Java")
def test_openapi_generator_makes_a_client_that_scores(
    tmp_path: Path, document: Path
) -> None:
    programs = tools(tmp_path, OPENAPI_GENERATOR)
    out = tmp_path / "code"
    run(
        programs / "openapi-generator-cli",
        *("generate", "-g", "python", "-i", document, "-o", out),
        *("--package-name", "generated"),
        cwd=tmp_path,
    )
    expected = ["review", 468.0, "as_of_in_future"]
    assert scored(SCORE_BY_PYDANTIC, programs, out) == expected
