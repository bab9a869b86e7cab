"""What is refused, each with the value to change in the message."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.charts.chart import CHART, refusal, render

INGRESS = {"enabled": True, "className": "traefik", "host": "rtscore.test"}
GATEWAY = {"enabled": True, "parentRefs": [{"name": "web", "sectionName": "https"}]}
EXPOSED: dict[str, dict[str, Any]] = {
    "ingress": {"ingress": INGRESS},
    "gateway": {"gateway": GATEWAY},
    "load balancer": {"service": {"type": "LoadBalancer"}},
    "node port": {"service": {"type": "NodePort"}},
}
OPEN = {"allowAnonymous": True}
SHA = "a" * 64


def faq(**values: Any) -> dict[str, Any]:
    return {"models": {"faq": values}}


# The values, and the remedy that must be in the message.
REFUSED: dict[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    **{
        f"open {name}": (values, ("apiKeys.enabled=true", "allowAnonymous=true"))
        for name, values in EXPOSED.items()
    },
    "no key": ({"apiKeys": {"enabled": True}}, ("apiKeys.existingSecret", "apiKeys.keys")),
    "keys twice": (
        {"apiKeys": {"enabled": True, "existingSecret": "a", "keys": {"b": "c"}}},
        ("apiKeys.existingSecret or apiKeys.keys, not both",),
    ),
    "keys unused": ({"apiKeys": {"keys": {"b": "c"}}}, ("apiKeys.enabled=true",)),
    "no keys by another way": (
        {"extraEnv": [{"name": "RTSCORE_API_KEYS_DIR", "value": ""}]},
        ("extraEnv sets RTSCORE_API_KEYS_DIR", "apiKeys"),
    ),
    "a setting twice": (
        {
            "settings": {"logLevel": "info"},
            "extraEnv": [{"name": "RTSCORE_LOG_LEVEL", "value": "debug"}],
        },
        ("extraEnv sets RTSCORE_LOG_LEVEL", "settings"),
    ),
    "no model": (
        {"models": {"faq": {"enabled": False}, "image": {"enabled": False}}},
        ("models.faq.enabled=true", "models.image.enabled=true"),
    ),
    "keda without prometheus": (
        {"autoscaling": {"enabled": True, "type": "keda"}},
        ("autoscaling.keda.prometheusAddress",),
    ),
    "more than most": (
        {"autoscaling": {"minReplicas": 9}},
        ("autoscaling.minReplicas=9", "autoscaling.maxReplicas=5"),
    ),
    "no host": ({"ingress": {"enabled": True}, **OPEN}, ("ingress.host",)),
    "unknown redirect": (
        {"ingress": INGRESS | {"className": "haproxy", "tls": {"enabled": True}}, **OPEN},
        ("'haproxy'", "ingress.redirect=false", "traefik, nginx"),
    ),
    "no class to redirect by": (
        {"ingress": INGRESS | {"className": "", "tls": {"enabled": True}}, **OPEN},
        ("ingress.className", "ingress.redirect=false"),
    ),
    "no gateway": ({"gateway": {"enabled": True}, **OPEN}, ("gateway.parentRefs",)),
    "gateway listener": (
        {"gateway": GATEWAY | {"parentRefs": [{"name": "web"}], "redirect": True}, **OPEN},
        ("'web'", "sectionName"),
    ),
    "gateway's http listener": (
        {
            "gateway": GATEWAY | {"redirect": True, "httpSectionName": "https"},
            **OPEN,
        },
        ("'web'", "sectionName"),
    ),
    "two sources": (
        faq(existingClaim="a", path="b", copyFrom={"url": "https://c"}),
        ("models.faq.existingClaim", ".copyFrom.url"),
    ),
    "claim without path": (faq(existingClaim="a"), ("models.faq.path",)),
    "image without path": (
        {"models": {"image": {"copyFrom": {"image": "a"}}}},
        ("models.image.path",),
    ),
    "sum without url": (faq(copyFrom={"sha256": SHA}), ("models.faq.copyFrom.sha256", "digest")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_remedy(name: str) -> None:
    values, remedies = REFUSED[name]
    message = refusal(values)
    for remedy in remedies:
        assert remedy in message
    assert "nil pointer" not in message


def test_every_message_of_the_templates_is_tried() -> None:
    said = [refusal(values) for values, _ in REFUSED.values()]
    texts = [
        text
        for path in CHART.glob("templates/**/*")
        if path.is_file()
        for text in re.findall(r'fail (?:\(printf )?"((?:[^"\\]|\\.)*)"', path.read_text())
    ]
    assert len(texts) >= 13
    for text in texts:
        first = max(re.split(r"%[sv]|\\n", text), key=len)
        assert [message for message in said if first in message], f"nothing is refused by: {text}"


@pytest.mark.parametrize("name", EXPOSED)
def test_keys_or_saying_so_let_it_pass(name: str) -> None:
    keys = {"apiKeys": {"enabled": True, "existingSecret": "mine"}}
    assert render(EXPOSED[name] | keys)
    assert render(EXPOSED[name] | OPEN)


def test_an_unknown_class_passes_without_a_redirect() -> None:
    ingress = INGRESS | {"className": "haproxy", "tls": {"enabled": True}, "redirect": False}
    assert render({"ingress": ingress, **OPEN})
