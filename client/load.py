"""The command `rtscore-load URL`: load on a running server, and how it bore it."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from client import arguments
from client.inputs import InputError, made_up_questions, read_pictures, read_questions

REQUESTS = 100
IN_FLIGHT = 4
KEY_VARIABLE = "LOAD_KEY"

DESCRIPTION = """
Send questions or pictures to a running server and report latencies by outcome. Without --faq and
--images it asks 256 distinct questions of its own; with both, a question and a picture in turn.
"""
EPILOG = """
Exit status: 0 when every request got 2xx, 1 otherwise, 2 for wrong arguments, 130 after Ctrl-C,
which still reports what was measured; SIGTERM ends the load early but waits for every answer.
Percentiles are by nearest rank over all requests. One
process of this client manages about 1,300 small requests a second; it reports its own share of a
CPU core, and above 80 % it measures itself: then run several. It goes straight to the server: no
proxy, no cookies, no redirects, no second try.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the load; the exit status is in the help."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        from client.measure import Measurement
        from client.runner import Plan
        from client.target import Target

        if options.plot:
            import client.plot  # noqa: F401  (what it lacks is better known before the run)
    except ModuleNotFoundError as missing:
        parser.error(f"the package {missing.name} is missing: pip install 'rtscore[load]'")
    try:
        questions = [read_questions(options.faq)] if options.faq else []
        pictures = [read_pictures(options.images)] if options.images else []
        key = arguments.key(options.key or os.environ.get(KEY_VARIABLE, ""))
    except (InputError, argparse.ArgumentTypeError) as error:
        parser.error(str(error))
    requests = options.requests if options.requests or options.seconds else REQUESTS
    measurement = Measurement(
        url=options.url,
        target=Target(options.url, key, options.timeout, options.tls, options.connect_to),
        kinds=questions + pictures or [made_up_questions()],
        plan=Plan(requests, options.seconds, options.in_flight or IN_FLIGHT, options.rate),
        plot=options.plot,
        json=options.json,
    )
    return measurement.main()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("rtscore-load", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "url", metavar="URL", type=arguments.url, help="the server, like https://rtscore.test"
    )
    parser.add_argument(
        "--key",
        help=f"API key; everyone on this machine sees it in the list of processes: "
        f"the variable {KEY_VARIABLE} keeps it from there",
    )
    _add_load(parser)
    _add_connection(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--plot", type=arguments.output, metavar="PNG", help="latency over time and its spread"
    )
    output.add_argument("--json", type=arguments.output, metavar="FILE", help="the summary")
    return parser


def _add_load(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("load")
    length = group.add_mutually_exclusive_group()
    length.add_argument(
        "--requests", type=arguments.count, metavar="N", help=f"how many (default {REQUESTS})"
    )
    length.add_argument(
        "--seconds", type=arguments.amount, metavar="S", help="start requests for so long"
    )
    loop = group.add_mutually_exclusive_group()
    loop.add_argument(
        "--in-flight",
        type=arguments.count,
        metavar="N",
        help=f"closed loop: so many at once (default {IN_FLIGHT})",
    )
    loop.add_argument(
        "--rate",
        type=arguments.amount,
        metavar="R",
        help="open loop: R a second whatever the answers do; latency counts from the time planned",
    )
    group.add_argument(
        "--faq",
        type=Path,
        metavar="FILE",
        help="questions, one a line, or the column 'text' of .tsv, .csv or .jsonl",
    )
    group.add_argument("--images", type=Path, metavar="DIR", help="send every picture in it")


def _add_connection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--timeout",
        type=arguments.amount,
        default=30.0,
        metavar="S",
        help="most seconds from sending to the end of the answer (default 30)",
    )
    group.add_argument(
        "--connect-to",
        type=arguments.address,
        metavar="ADDRESS[:PORT]",
        help="connect there; Host header and certificate stay those of URL",
    )
    tls = group.add_mutually_exclusive_group()
    tls.add_argument(
        "--cacert",
        dest="tls",
        type=arguments.authority,
        metavar="FILE",
        help="trust the certificate authorities in it and no others",
    )
    tls.add_argument(
        "--insecure",
        dest="tls",
        action="store_const",
        const=arguments.unverified(),
        help="trust any certificate",
    )


if __name__ == "__main__":
    sys.exit(main())
