"""The chart as it is released: its version, its package, and what a linter of others says."""

import json
import subprocess
import tarfile
import tomllib
from pathlib import Path

import yaml

from tests.charts.chart import CHART, NAME, NAMESPACE, ROOT, helm, render, template, tool
from tests.live import LiveServer

META = yaml.safe_load((CHART / "Chart.yaml").read_text())
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_chart_has_the_apps_version(server: LiveServer) -> None:
    assert META["version"] == META["appVersion"] == VERSION
    with server.client() as client:
        assert client.get("/version").json()["rtscore"] == VERSION


def test_objects_and_images_carry_the_version() -> None:
    for item in render():
        labels = item["metadata"]["labels"]
        assert labels["helm.sh/chart"] == f"rtscore-{VERSION}"
        assert labels["app.kubernetes.io/version"] == VERSION
    assert f'image: "rtscore:{VERSION}-cpu"' in template()
    assert f'image: "rtscore:{VERSION}-gpu"' in template(None, ("values-gpu.yaml",))


def test_the_package_holds_what_its_user_needs(tmp_path: Path) -> None:
    done = helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    package = tmp_path / f"rtscore-{VERSION}.tgz"
    with tarfile.open(package) as archive:
        names = {name.removeprefix("rtscore/") for name in archive.getnames()}
    wanted = {
        str(path.relative_to(CHART))
        for pattern in ("*.yaml", "templates/**/*", "files/*.py", "dashboards/*", "examples/*")
        for path in CHART.glob(pattern)
        if path.is_file()
    }
    assert names == wanted | {"README.md", "values.schema.json", ".helmignore"}
    assert {"values-gpu.yaml", "templates/NOTES.txt", "templates/tests/api.yaml"} <= names
    from_package = helm("template", "prod", str(package), "--namespace", NAMESPACE)
    assert from_package.stdout == template()


def test_kube_score_has_only_the_criticals_that_the_readme_explains() -> None:
    done = subprocess.run(
        [tool("kube-score"), "score", "-", "--output-format", "json"],
        input=template(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    critical = {
        (item["type_meta"]["kind"], item["object_meta"]["name"], check["check"]["id"])
        for item in json.loads(done.stdout)
        for check in item["checks"]
        if check["grade"] == 1 and not check["skipped"]
    }
    assert critical == {
        ("Deployment", NAME, "container-image-pull-policy"),
        ("Pod", f"{NAME}-test", "container-image-pull-policy"),
        ("Pod", f"{NAME}-test", "pod-networkpolicy"),
    }
    explained = (CHART / "README.md").read_text().partition("## kube-score")[2].partition("##")[0]
    assert "two critical remarks" in explained
    assert "`imagePullPolicy`" in explained
    assert "NetworkPolicy" in explained
