"""One run from start to report: load with a progress bar, then summary, JSON and plot."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from client.inputs import Input, endless
from client.report import show
from client.runner import Done, Plan, Sample, run
from client.summary import Summary, summarise
from client.target import Target

INTERRUPTED = 130


@dataclass(frozen=True)
class Measurement:
    """What to send where and how, and which files to write."""

    url: str
    target: Target
    kinds: Sequence[Sequence[Input]]
    plan: Plan
    plot: Path | None
    json: Path | None

    def main(self) -> int:
        """Measure and report; 0 where every request got 2xx, 1 otherwise, 130 after Ctrl-C."""
        samples: list[Sample] = []
        interrupted = False
        cpu = _Cpu()
        try:
            with _progress() as bar:
                asyncio.run(self._load(_recorder(samples, bar, self.plan), cpu))
        except KeyboardInterrupt:
            interrupted = True
        summary = summarise(
            samples,
            url=self.url,
            plan=self.plan,
            distinct_inputs=sum(map(len, self.kinds)),
            client_cpu_share=cpu.share(),
            interrupted=interrupted,
        )
        self._report(summary, samples)
        if interrupted:
            return INTERRUPTED
        return 1 if summary.failed else 0

    async def _load(self, done: Done, cpu: "_Cpu") -> None:
        stop = asyncio.Event()
        with contextlib.suppress(NotImplementedError):  # on Windows, where it just ends
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with self.target:
            cpu.start()
            await run(self.target.post, endless(self.kinds), self.plan, done, stop)

    def _report(self, summary: Summary, samples: Sequence[Sample]) -> None:
        show(summary, Console(markup=False))
        if summary.requests and not any(outcome.status for outcome in summary.outcomes):
            reason = summary.outcomes[0].code
            print(f"rtscore-load: no answer from {self.url}: {reason}", file=sys.stderr)
        if self.json:
            self.json.write_text(summary.to_json() + "\n", encoding="utf-8")
        if self.plot and samples:
            from client.plot import plot  # here, because matplotlib takes a second to load

            plot(samples, f"{self.url}: {self.plan}", self.plot)


class _Cpu:
    """What this process takes of a CPU core."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Forget what came before."""
        self._wall, self._used = time.perf_counter(), time.process_time()

    def share(self) -> float:
        """CPU time by wall time since the start."""
        return (time.process_time() - self._used) / (time.perf_counter() - self._wall)


def _progress() -> Progress:
    """On stderr, where somebody looks at it."""
    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal)


def _recorder(samples: list[Sample], bar: Progress, plan: Plan) -> Done:
    """Keep each sample and move the bar, by requests or by seconds."""
    task = bar.add_task(str(plan), total=plan.requests or plan.seconds)

    def done(sample: Sample) -> None:
        samples.append(sample)
        bar.update(task, completed=len(samples) if plan.requests else sample.finished)

    return done
