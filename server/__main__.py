"""The command `rtscore`: settings, app, server."""

import os
import signal
import sys
from collections.abc import Sequence

import uvicorn

from server import log
from server.errors import StartupError
from server.lifecycle import DrainingServer, Lifecycle
from server.protocol import KEEP_ALIVE_SECONDS, LimitedProtocol
from server.settings import Settings, read_settings


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal says stop; 0 after that, 3 where the start fails."""
    # A container's first process ignores signals without a handler, and uvicorn's comes late.
    # Not sys.exit: what is being imported might take its exception for its own.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        settings = read_settings(sys.argv[1:] if argv is None else argv)
        log.configure(settings.log_level, settings.log_format)
        return serve(settings)
    except StartupError as error:
        print(f"rtscore: {error}", file=sys.stderr)
        return 3


def serve(settings: Settings) -> int:
    """Run the server; raises StartupError where it can't start."""
    from server.app import create_app  # here, so that a missing ONNX Runtime is a StartupError

    lifecycle = Lifecycle()
    config = uvicorn.Config(
        create_app(settings, lifecycle),
        host=settings.host,
        port=settings.port,
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = DrainingServer(config, lifecycle, settings.drain_seconds)
    try:
        server.run()
    except SystemExit as stopped:
        if lifecycle.failure is not None:
            raise lifecycle.failure from None
        if isinstance(reason := stopped.__context__, OSError):
            raise StartupError(
                f"can't listen on RTSCORE_HOST={settings.host} RTSCORE_PORT={settings.port}: "
                f"{reason.strerror}; end what listens there, or choose another host or port"
            ) from None
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
