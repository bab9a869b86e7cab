"""The chart, rendered by Helm itself; nothing here needs a cluster or a network."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "charts" / "rtscore"
RELEASE = "prod"
NAMESPACE = "scoring"
NAME = "prod-rtscore"  # of the release's objects

Object = dict[str, Any]

HOST = {"ingress": {"host": "rtscore.test"}, "apiKeys": {"existingSecret": "my-keys"}}

# What is rendered in full: files under one another, and values over them.
CASES: dict[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    **{
        path.name.removesuffix("-values.yaml"): ((f"ci/{path.name}",), {})
        for path in sorted(CHART.glob("ci/*-values.yaml"))
    },
    "gpu": (("values-gpu.yaml", "ci/gpu-values.yaml"), {}),
    "values-gpu": (("values-gpu.yaml",), {}),
    "example-faq": (("examples/faq-values.yaml",), HOST),
    "example-images": (("values-gpu.yaml", "examples/images-values.yaml"), HOST),
}
each_case = pytest.mark.parametrize("case", CASES)


def tool(name: str) -> str:
    """A program that PyPI lacks, from the folder TEST_TOOLS or the PATH; skips without it."""
    folder = os.environ.get("TEST_TOOLS")
    found = shutil.which(name, path=folder)
    if found is None:
        (pytest.fail if folder else pytest.skip)(f"{name} is not in {folder or 'the PATH'}")
    return found


def helm(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the helm that is installed beside Python, far from any cluster and its settings."""
    home = Path(tempfile.gettempdir()) / "no-helm-settings"
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))
    }
    return subprocess.run(
        [str(Path(sys.executable).parent / "helm"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=environ | {"HELM_CONFIG_HOME": str(home), "KUBECONFIG": str(home / "none")},
    )


@cache
def _template(
    release: str, files: tuple[str, ...], values: str, chart: Path
) -> subprocess.CompletedProcess[str]:
    given = [argument for file in files for argument in ("-f", str(chart / file))]
    command = ("template", release, str(chart), "--namespace", NAMESPACE)
    return helm(*command, *given, "-f", "-", stdin=values)


def template(
    values: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    release: str = RELEASE,
    chart: Path = CHART,
) -> str:
    """What `helm template` prints for `files`, each under the next, and `values` over them."""
    done = _template(release, tuple(files), json.dumps(values or {}), chart)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def _parse(text: str) -> tuple[Object, ...]:
    return tuple(item for item in yaml.load_all(text, yaml.CSafeLoader) if item)


def render(
    values: Mapping[str, Any] | None = None, files: Sequence[str] = (), release: str = RELEASE
) -> tuple[Object, ...]:
    """The objects of a release. They are shared between tests: don't change them."""
    return _parse(template(values, files, release))


def render_case(case: str) -> tuple[Object, ...]:
    """The objects of one of CASES."""
    files, values = CASES[case]
    return render(values, files)


def refusal(values: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """The message with which rendering is refused."""
    done = _template(RELEASE, tuple(files), json.dumps(values), CHART)
    assert done.returncode != 0, f"rendered in spite of {values}"
    return done.stderr


def all_of(objects: Sequence[Object], kind: str) -> list[Object]:
    """Every object of a kind."""
    return [item for item in objects if item["kind"] == kind]


def one(objects: Sequence[Object], kind: str, name: str | None = None) -> Object:
    """The only object of a kind, or of a kind and name."""
    (found,) = (item for item in all_of(objects, kind) if name in (None, item["metadata"]["name"]))
    return found


def pod_of(objects: Sequence[Object]) -> Object:
    """The pod template of the Deployment."""
    template: Object = one(objects, "Deployment")["spec"]["template"]
    return template


def container_of(objects: Sequence[Object]) -> Object:
    """The container of the server."""
    (container,) = pod_of(objects)["spec"]["containers"]
    return dict(container)


def env_of(objects: Sequence[Object]) -> dict[str, str]:
    """The environment of the server, by name."""
    env = container_of(objects)["env"]
    assert len({item["name"] for item in env}) == len(env), "a variable is there twice"
    return {item["name"]: item["value"] for item in env}


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value under its dotted path; an empty mapping is one."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name, value
