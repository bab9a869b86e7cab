"""What a pod of the chart carries for each CPU that it may use: requests/s, memory, FAQ p99.

Runs on the cluster that KUBECONFIG names with the image IMAGE, like the cluster's tests, and writes
a table. Run it on an otherwise idle machine: the load comes from the same one, and what of the CPU
it uses is missing to a pod with a high limit. FAQ load is `wrk`'s where it is installed (a question
costs the pod less than it costs a Python client).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from tests.cluster.kube import kubectl, run
from tests.cluster.release import Release, new_namespace

ROOT = Path(__file__).parent.parent
QUESTIONS = [
    json.loads(line)["text"]
    for line in (ROOT / "converters/faq/javascript/duplicates_test.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
COMMAND = (sys.executable, "-m", "client.load")
RATE = 40  # questions a second for the p99
# wrk asks them in turn.
LUA = """
wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
local bodies, next_body = {%s}, 0
request = function()
  next_body = next_body %% #bodies + 1
  return wrk.format(nil, "/v1/faq", nil, bodies[next_body])
end
"""


def main() -> int:
    """Measure each limit and write the table."""
    parser = argparse.ArgumentParser("benchmarks.sizing", description=__doc__)
    parser.add_argument("--cpus", nargs="+", default=["500m", "1", "2"], help="limits to measure")
    parser.add_argument("--seconds", type=int, default=15, help="length of each load")
    parser.add_argument("--pictures", type=Path, default=ROOT / "models", help="folder to send")
    parser.add_argument("-o", type=Path, default=ROOT / "benchmarks/results/sizing.md")
    options = parser.parse_args()
    release = Release(new_namespace("sizing"))
    try:
        rows = [
            measure(release, cpu, options.seconds, options.pictures)
            for cpu in track(options.cpus, "limits")
        ]
    finally:
        kubectl("delete", "namespace", release.namespace, "--wait=false")
    table = as_markdown(rows)
    options.o.write_text(table, encoding="utf-8")
    Console().print(table)
    return 0


def measure(release: Release, cpu: str, seconds: int, pictures: Path) -> dict[str, Any]:
    """Everything about a pod with the limit `cpu`, freshly started."""
    release.helm("uninstall", release.name, "--ignore-not-found", "--wait")
    release.install(
        {
            "allowAnonymous": True,
            "service": {"type": "LoadBalancer"},
            "resources": {"limits": {"cpu": cpu, "memory": "2Gi"}},
            "settings": {"threads": 0},
        }
    )
    (pod,) = release.wait_for_ready(1)
    name = pod["metadata"]["name"]
    url = f"http://{release.address('service')}"
    with tempfile.TemporaryDirectory() as folder:
        questions = Path(folder, "questions.txt")
        questions.write_text("\n".join(QUESTIONS), encoding="utf-8")
        asking = (url, "--faq", questions, "--rate", RATE, "--seconds", seconds)
        classifying = (url, "--images", pictures, "--in-flight", "16", "--seconds")
        load(url, "--faq", questions, "--requests", "200")  # everything once
        row = {"cpu": cpu, "rest": memory(release, name, "VmRSS")}
        row["p99_alone"] = load(*asking)["latency_ms"]["p99"]
        row["faq"] = faq_rate(url, questions, seconds)
        with in_background(*classifying, 2 * seconds):
            row["p99_beside"] = load(*asking)["latency_ms"]["p99"]
        row["images"] = load(*classifying, seconds)["successes_per_second"]
        row["peak"] = memory(release, name, "VmHWM")
    return row


def load(*arguments: object) -> Any:
    """The summary of `rtscore-load` with `arguments`; every request must succeed."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder, "summary.json")
        run(*COMMAND, *map(str, arguments), "--json", summary)
        return json.loads(summary.read_text(encoding="utf-8"))


@contextmanager
def in_background(*arguments: object) -> Iterator[None]:
    """`rtscore-load` with `arguments` meanwhile."""
    with subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def faq_rate(url: str, questions: Path, seconds: int) -> float:
    """Questions answered a second, 16 asked at a time."""
    if shutil.which("wrk") is None:
        asked = load(url, "--faq", questions, "--in-flight", "16", "--seconds", seconds)
        return float(asked["successes_per_second"])
    bodies = ",".join(f"[==[{json.dumps({'question': text})}]==]" for text in QUESTIONS)
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(LUA % bodies)
        script.flush()
        report = run("wrk", "-t1", "-c16", f"-d{seconds}s", "-s", script.name, url)
    assert "Non-2xx" not in report, report
    return float(report.partition("Requests/sec:")[2].split()[0])


def memory(release: Release, pod: str, what: str) -> float:
    """MiB of the server: VmRSS now, VmHWM at most."""
    status = release.kubectl("exec", pod, "--", "cat", "/proc/1/status")
    return float(status.partition(f"{what}:")[2].split()[0]) / 1024


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A table, a row for each limit, and how it came about."""
    lines = [
        f"Measured on {date.today()} by `python -m benchmarks.sizing` with "
        f"`{os.environ['IMAGE']}`. Pod, cluster and load shared {os.cpu_count()} cores.",
        "",
        "| CPU limit | FAQ calls/s | pictures/s | memory at rest, MiB | at most, MiB "
        f"| FAQ p99 at {RATE}/s, ms | beside 16 pictures in flight, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        "| {cpu} | {faq:,.0f} | {images:.1f} | {rest:.0f} | {peak:.0f} | {p99_alone:.1f} "
        "| {p99_beside:.1f} |".format(**row)
        for row in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
