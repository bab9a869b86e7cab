"""The cluster's Prometheus, asked through the API server."""

import json
from typing import Any
from urllib.parse import urlencode

from tests.cluster.kube import Object, get, has_api, kubectl, lacking

SCRAPED_SECONDS = 200  # its config reloader may look at new ServiceMonitors every 3 minutes only

_SERVICE = "prometheus-operated"  # the operator makes it for every Prometheus
_PORT = 9090


class Prometheus:
    """The first Prometheus of the operator."""

    def __init__(self) -> None:
        found: list[Object] = []
        if has_api("prometheuses.monitoring.coreos.com"):
            found = get("prometheuses.monitoring.coreos.com", "-A")["items"]
        if not found:
            lacking("no Prometheus of the Prometheus operator")
        self._spec: Object = found[0]["spec"]
        self.namespace: str = found[0]["metadata"]["namespace"]
        self.address = f"http://{_SERVICE}.{self.namespace}:{_PORT}"

    def values(self) -> Object:
        """Values of the chart with which this Prometheus scrapes a release, soon and often.

        With rules: their change is seen at once, a ServiceMonitor's alone perhaps after minutes.
        """
        return {
            "metrics": {
                "serviceMonitor": {
                    "enabled": True,
                    "interval": "2s",
                    "labels": self._labels("serviceMonitorSelector"),
                },
                "prometheusRule": {"enabled": True, "labels": self._labels("ruleSelector")},
            },
            "networkPolicy": {"metricsNamespaces": [self.namespace]},
        }

    def _labels(self, selector: str) -> dict[str, str]:
        labels: dict[str, str] = self._spec.get(selector, {}).get("matchLabels", {})
        return labels

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API, such as of `rules`."""
        service = f"/api/v1/namespaces/{self.namespace}/services/{_SERVICE}:{_PORT}/proxy"
        url = f"{service}/api/v1/{path}?{urlencode(parameters)}"
        return json.loads(kubectl("get", "--raw", url))["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that `expression` has now."""
        data = self.ask("query", query=expression)
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]
