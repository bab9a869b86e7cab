"""A release of the chart in a namespace, and what tests ask of its pods."""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.kube import HELM, CommandError, Object, get, kubectl, lacking, run, wait_for

CHART = Path(__file__).parent.parent.parent / "charts" / "rtscore"
READY_SECONDS = 120

# Ingress classes whose way to redirect the chart knows.
CLASSES = ("traefik", "nginx", "webapprouting.kubernetes.azure.com", "azure-application-gateway")

# Small enough for many pods on two cores, and quick to go.
SMALL: Object = {
    "resources": {
        "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "16Mi"},
        "limits": {"cpu": None, "memory": "1Gi", "ephemeral-storage": "1Gi"},
    },
    "settings": {"threads": 1},
}


def image_values(image: str) -> Object:
    """`image` ([REGISTRY/]REPOSITORY:TAG) as values of the chart."""
    name, _, tag = image.rpartition(":")
    registry, _, repository = name.rpartition("/")
    return {"registry": registry, "repository": repository, "tag": tag}


def merged(below: Object, above: Object) -> Object:
    """`above` laid over `below`, as Helm lays values."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        nested = isinstance(value, dict) and isinstance(old, dict)
        both[key] = merged(old, value) if nested else value  # type: ignore[arg-type]
    return both


@dataclass
class Release:
    """A release `name` in `namespace`; `values` are those of the last install or upgrade."""

    namespace: str
    name: str = "rtscore"
    values: Object = field(default_factory=dict)

    def install(
        self, values: Object | None = None, *files: Path, wait: bool = True, chart: Path = CHART
    ) -> str:
        """`helm upgrade --install` with `files`, small pods and `values` over them; its output."""
        base = merged(SMALL, {"image": image_values(os.environ["IMAGE"])})
        if values and values.get("ingress", {}).get("enabled"):
            base["ingress"] = {"className": ingress_class()}
        self.values = merged(base, values or {})
        arguments = [part for file in files for part in ("-f", str(file))]
        if wait:
            arguments += ["--wait", f"--timeout={READY_SECONDS}s"]
        try:
            return self.helm(
                "upgrade", "--install", self.name, str(chart), *arguments, "-f", "-",
                stdin=json.dumps(self.values),
            )  # fmt: skip
        except CommandError as error:
            raise CommandError(f"{error}\n{self.state()}") from None

    def upgrade(self, changes: Object, *, wait: bool = True, chart: Path = CHART) -> str:
        """Change some values of the last install."""
        return self.install(merged(self.values, changes), wait=wait, chart=chart)

    def helm(self, *arguments: str, stdin: str | None = None) -> str:
        """Run helm in the namespace."""
        return run(HELM, "-n", self.namespace, *arguments, stdin=stdin)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def get(self, *arguments: str) -> Object:
        """An object or a list of the namespace."""
        return get("-n", self.namespace, *arguments)

    @property
    def selector(self) -> str:
        """Label selector of the release's pods."""
        return f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component=server"

    def pods(self) -> list[Object]:
        """The release's pods that are not going."""
        found = self.get("pods", "-l", self.selector)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod_names(self) -> list[str]:
        """Names of the pods, sorted."""
        return sorted(pod["metadata"]["name"] for pod in self.pods())

    def ready_pods(self) -> list[Object]:
        """The pods that take calls."""
        return [pod for pod in self.pods() if condition(pod, "Ready") == "True"]

    def wait_for_ready(self, count: int, seconds: float = READY_SECONDS) -> list[Object]:
        """The pods, once they are `count` and all ready."""
        return wait_for(
            f"{count} ready pods of {self.name}",
            seconds,
            lambda: found if len(found := self.ready_pods()) == count == len(self.pods()) else None,
        )

    def restarts(self) -> int:
        """How often containers of the pods were restarted."""
        return sum(
            status["restartCount"]
            for pod in self.pods()
            for status in pod["status"].get("containerStatuses", [])
        )

    def address(self, kind: str = "ingress", name: str = "") -> str:
        """Address at which an Ingress or a Service of the release is reached from outside.

        Where a controller does not write it into its Ingresses, INGRESS_ADDRESS must tell it.
        """
        if kind == "ingress" and (told := os.environ.get("INGRESS_ADDRESS")):
            return told

        def look() -> str:
            found = self.get(kind, name or self.name)["status"].get("loadBalancer", {})
            entries = found.get("ingress", [{}])
            return str(entries[0].get("ip") or entries[0].get("hostname") or "")

        return wait_for(f"an address of the {kind}", 30, look)

    def logs(self, pod: str, *arguments: str) -> str:
        """The log of a pod."""
        return self.kubectl("logs", pod, *arguments)

    def state(self) -> str:
        """Pods, events and logs, for a message."""
        parts = [
            ("get", "pods", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", "-l", self.selector, "--tail=20", "--prefix"),
        ]
        texts = []
        for part in parts:
            try:
                texts.append(self.kubectl(*part))
            except CommandError as error:
                texts.append(str(error))
        return "\n".join(texts)


def condition(thing: Object, kind: str) -> str:
    """Status of a condition: "True", "False", "Unknown", or "" where there is none."""
    for item in thing["status"].get("conditions", []):
        if item["type"] == kind:
            return str(item["status"])
    return ""


def ingress_class() -> str:
    """An ingress class of the cluster; skips where there is none that the chart knows."""
    there = {item["metadata"]["name"] for item in get("ingressclass")["items"]}
    found = [name for name in CLASSES if name in there]
    return found[0] if found else lacking(f"no ingress class of {', '.join(CLASSES)}")


def new_namespace(prefix: str) -> str:
    """Make a namespace that admits only pods of the `restricted` Pod Security Standard."""
    name = f"{prefix}-{secrets.token_hex(3)}"
    labels: dict[str, Any] = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, *(f"{key}={value}" for key, value in labels.items()))
    return name
