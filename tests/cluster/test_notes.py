"""What `helm install` prints works as pasted into a shell."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.kube import HELM, wait_for
from tests.cluster.release import Release

# Plain, hashed, and bound keys: the notes must find the one that can be sent.
KEYS = {
    "alice": f"sha256:{'0' * 64}",
    "bob": "models: faq, image\nkey-of-bob",
}


def _commands(notes: str) -> list[str]:
    """The indented lines."""
    return [line.strip() for line in notes.splitlines() if line.startswith("  ")]


def test_the_commands_work_as_pasted(release: Release, flower: Path, tmp_path: Path) -> None:
    output = release.install({"apiKeys": {"enabled": True, "keys": KEYS}})
    commands = _commands(output.partition("NOTES:")[2])
    forward = next(command for command in commands if "port-forward" in command)
    shutil.copy(flower, tmp_path / "photo.jpg")
    path = f"{HELM.parent}:{os.environ['PATH']}"

    def shell(*lines: str) -> str:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=tmp_path, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True,
            check=True, timeout=60,
        ).stdout  # fmt: skip

    with subprocess.Popen(forward.split(), stdout=subprocess.DEVNULL) as forwarding:
        try:
            curl = "curl -fs http://127.0.0.1:8000/healthz || true"
            wait_for("the forwarded port", 20, lambda: shell(curl))
            others = [command for command in commands if command != forward]
            answers = shell(*others)
        finally:
            forwarding.terminate()
    decoder = json.JSONDecoder()
    asked, _ = decoder.raw_decode(answers[answers.index('{"model"') :])
    assert asked["matches"][0]["id"] == "deep-clone-object"
    assert '"label":"daisy"' in answers
    assert "Succeeded" in answers
    assert "listening" in answers
