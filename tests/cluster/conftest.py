"""Fixtures of the tests on a cluster: a namespace, releases in it, certificates.

KUBECONFIG names the cluster and IMAGE the image, which its nodes have or can pull. Tests that need
what the cluster lacks skip with the reason, or fail where TEST_NO_SKIP is set.
"""

import os
import re
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from tests.cluster.kube import CommandError, kubectl
from tests.cluster.load import Load
from tests.cluster.release import Release, new_namespace
from tests.cluster.web import Client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies here needs a cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    """Ends the run where there is no cluster or no image."""
    if not os.environ.get("IMAGE"):
        pytest.exit("IMAGE must name the image to test, such as registry.example.com/rtscore:1")
    try:
        kubectl("get", "--raw", "/readyz")
    except (CommandError, OSError) as error:
        pytest.exit(f"KUBECONFIG does not name a cluster that answers: {error}")


@pytest.fixture(scope="module")
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for the module, gone after it."""
    stem = re.sub(r"^test_", "", request.path.stem).replace("_", "-")
    name = new_namespace(f"rts-{stem}")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def host(namespace: str) -> str:
    """A host name for the module's ingresses."""
    return f"{namespace}.test"


@pytest.fixture
def release(namespace: str) -> Iterator[Release]:
    """A release, not yet installed; uninstalled after the test."""
    one = Release(namespace)
    yield one
    one.helm("uninstall", one.name, "--ignore-not-found", "--wait", "--timeout=60s")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority of the tests' own."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """Trusts that authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def tls_secret(namespace: str, host: str, authority: trustme.CA) -> str:
    """Name of a Secret with a certificate for `host`."""
    certificate = authority.issue_cert(host)
    with (
        certificate.cert_chain_pems[0].tempfile() as chain,
        certificate.private_key_pem.tempfile() as key,
    ):
        kubectl(
            "-n", namespace, "create", "secret", "tls", "rtscore-tls",
            f"--cert={chain}", f"--key={key}",
        )  # fmt: skip
    return "rtscore-tls"


@pytest.fixture
def outside(trust: ssl.SSLContext, flower: Path) -> Iterator[Callable[..., Client]]:
    """Clients: `outside("https://host", "127.0.1.1", key="...")`."""
    with ExitStack() as stack:

        def make(url: str, address: str, key: str | None = None) -> Client:
            return stack.enter_context(Client(url, address, key, trust, flower))

        yield make


@pytest.fixture
def load(tmp_path: Path, flower: Path, authority: trustme.CA) -> Iterator[Callable[..., Load]]:
    """Load on both routes until stopped: `load("https://host", "127.0.1.1", "--rate", "20")`."""
    loads: list[Load] = []
    authority.cert_pem.write_to_path(str(trusted := tmp_path / "ca.pem"))
    questions, pictures = tmp_path / "questions", tmp_path / "pictures"
    questions.write_text("".join(f"{number} ways to copy an array?\n" for number in range(1000)))
    pictures.mkdir()
    (pictures / "flower.jpg").symlink_to(flower)
    flags = {"faq": ("--faq", questions), "images": ("--images", pictures)}

    def start(
        url: str,
        address: str,
        *more: str,
        key: str = "",
        kinds: Collection[str] = ("faq", "images"),
    ) -> Load:
        inputs = [flag for kind in kinds for flag in flags[kind]]
        tls = ("--cacert", trusted)
        loads.append(Load(url, address, tmp_path, *tls, *inputs, *more, key=key))
        return loads[-1]

    yield start
    for one in loads:
        one.kill()
