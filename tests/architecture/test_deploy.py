"""What `deploy/` names exists: settings, commands, metrics, files."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cli.commands import app
from serving.metrics import Metrics
from serving.settings import PREFIX, ServingSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/forbear.json").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
EXPRESSIONS = [
    *(rule["expr"] for rule in RULES),
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
]


@pytest.fixture(scope="module")
def metric_names() -> set[str]:
    page = Metrics().page().decode()
    found = re.findall(r"^# TYPE (\S+) (\S+)", page, re.MULTILINE)
    buckets = {f"{name}_bucket" for name, kind in found if kind == "histogram"}
    return {name for name, _ in found} | buckets


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_watched_is_measured(expression: str, metric_names: set[str]) -> None:
    named = set(re.findall(r"\bforbear_\w+", expression))
    assert named <= metric_names
    assert named or "up{" in expression


def test_an_alert_says_what_to_do_and_to_whom() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("*.*")), ids=lambda f: f.name)
def test_settings_that_are_named_exist(file: Path) -> None:
    known = {PREFIX + name.upper() for name in ServingSettings.model_fields}
    known |= {"FORBEAR_SHELF"}  # of compose.yaml itself
    if file.is_file():
        assert set(re.findall(r"\bFORBEAR_\w+", file.read_text())) <= known


def test_commands_of_the_units_exist() -> None:
    units = sorted((DEPLOY / "systemd").glob("*.service"))
    assert units
    for unit in units:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(unit.read_text())
        words = parser["Service"]["ExecStart"].partition(" --")[0].split()
        command = [w for w in words[1:] if re.fullmatch("[a-z]+", w)]
        assert words[0].endswith("/forbear")
        assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


def test_manifests_run_without_privileges_and_are_probed() -> None:
    text = (DEPLOY / "kubernetes/forbear.yaml").read_text()
    found = {one["kind"]: one for one in yaml.safe_load_all(text)}
    pod = found["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    grace = pod["terminationGracePeriodSeconds"]
    assert grace > ServingSettings.model_fields["shutdown_timeout_s"].default


def test_replicas_share_one_database_and_have_no_default_password() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    urls = {
        services[name]["environment"]["FORBEAR_DATABASE_URL"]
        for name in ("forbear-1", "forbear-2", "upgrade")
    }
    assert len(urls) == 1
    assert "${POSTGRES_PASSWORD:?" in urls.pop()


def test_the_image_installs_a_locked_list_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    [listed] = set(re.findall(r"requirements/\S+\.txt", text))
    assert (DEPLOY.parent / listed).is_file()
    assert "--require-hashes" in text
    assert re.search(r"^USER \d+$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
