"""Every setting, declared once: name, type, default, bounds and one sentence.

Each is an environment variable `RTSCORE_NAME` and a flag `--name` of `rtscore`; the flag wins.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from server.errors import StartupError

PREFIX = "RTSCORE_"

# What Kubernetes injects for Services named rtscore or rtscore-*: RTSCORE_PORT=tcp://10.0.0.1:80.
_IP = r"[0-9a-fA-F.:]+"
_PROTOCOL = r"(tcp|udp|sctp)"
_SERVICE_LINK = re.compile(
    rf"{PREFIX}(\w+_)?(PORT(_\d+_(TCP|UDP|SCTP))?={_PROTOCOL}://\S+"
    rf"|PORT_\d+_(TCP|UDP|SCTP)_(PROTO={_PROTOCOL}|PORT=\d+|ADDR={_IP})"
    rf"|SERVICE_HOST={_IP}|SERVICE_PORT(_\w+)?=\d+)"
)

_EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)
OptionalPath = Annotated[Path | None, _EmptyIsNone]
OptionalPort = Annotated[int | None, _EmptyIsNone]
NumberOrEmpty = Annotated[int, BeforeValidator(lambda value: 0 if value == "" else value)]


class Settings(BaseSettings):
    """rtscore: answers FAQ questions and classifies pictures over HTTP. Every flag is also an
    environment variable: --faq-model is RTSCORE_FAQ_MODEL.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        cli_prog_name="rtscore",
        cli_kebab_case=True,
        cli_avoid_json=True,
        cli_exit_on_error=False,
        cli_hide_none_type=True,
    )

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for all"
    )
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 for a free one")
    metrics_port: OptionalPort = Field(
        None, ge=1, le=65535, description="Port of /metrics alone; empty: on the main port"
    )
    faq_model: OptionalPath = Field(
        Path("models/faq.onnx"), description="Model file of /v1/faq; empty switches it off"
    )
    image_model: OptionalPath = Field(
        Path("models/image.onnx"), description="Model file of /v1/classify; empty switches it off"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where image models run; cuda refuses to start without CUDA"
    )
    gpu_memory_mib: NumberOrEmpty = Field(
        0,
        ge=0,
        le=1_000_000,
        description="GPU memory of one model in MiB, without CUDA's own; 0 or empty: no limit",
    )
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="Threads of each model, and as many to decode; 0: the CPU quota, rounded up",
    )
    cpu_mode: Literal["throughput", "latency"] = Field(
        "throughput",
        description="Many one-threaded runs side by side, or one run on every thread",
    )
    max_batch_faq: int = Field(64, ge=1, le=4096, description="Most questions in one model run")
    max_batch_image: int = Field(
        8,
        ge=1,
        le=4096,
        description="Most pictures in one model run; side by side on the CPU each runs alone",
    )
    max_wait_ms: float = Field(
        0, ge=0, le=1000, description="How long a batch that is not full waits for more, in ms"
    )
    queue_limit: int = Field(
        512, ge=256, le=1_000_000, description="Most rows waiting for a model; then 503"
    )
    timeout_ms: int = Field(
        10_000, ge=1, le=3_600_000, description="From request headers to answer, in ms; then 504"
    )
    body_timeout_ms: int = Field(
        30_000,
        ge=1,
        le=3_600_000,
        description="For a body to arrive, in ms; then 408 (or 504, if timeout_ms ends first)",
    )
    max_body_mib: int = Field(16, ge=1, le=1024, description="Largest body in MiB; then 413")
    max_megapixels: float = Field(
        50, gt=0, le=1000, description="Largest picture in millions of pixels; then 413"
    )
    api_keys_dir: OptionalPath = Field(
        None, description="Folder with one file of keys a caller; empty: no key is needed"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged; requests are info, probes debug"
    )
    log_format: Literal["json", "text"] = Field("json", description="JSON lines, or plain text")
    drain_seconds: float = Field(
        20, ge=0, le=3600, description="Longest time to finish work in flight after SIGTERM, in s"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments and the environment, the latter without Kubernetes' service links."""
        assert isinstance(env_settings, EnvSettingsSource)
        links = {name.lower() for name in service_links(os.environ)}
        env_settings.env_vars = {
            name: value for name, value in env_settings.env_vars.items() if name not in links
        }
        return init_settings, env_settings


def read_settings(argv: Sequence[str]) -> Settings:
    """The settings from `argv` and the environment.

    Raises StartupError with name, value and what is allowed where one is wrong or unknown.
    """
    _refuse_unknown(os.environ)
    try:
        return CliApp.run(Settings, cli_args=list(argv))
    except ValidationError as error:
        raise StartupError(
            "; ".join(
                f"{PREFIX}{'.'.join(str(part) for part in item['loc'][:1]).upper()}="
                f"{item['input']!s}: {item['msg']}"
                for item in error.errors(include_url=False)
            )
        ) from error
    except SettingsError as error:
        reason = str(error).removeprefix("error parsing CLI: ")
        raise StartupError(f"{reason}; rtscore --help lists every flag") from error


def service_links(environ: Mapping[str, str]) -> Iterable[str]:
    """Names of the variables that Kubernetes sets for a Service, not a person for this server."""
    return [name for name, value in environ.items() if _SERVICE_LINK.fullmatch(f"{name}={value}")]


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    links = set(service_links(environ))
    for name, value in environ.items():
        if name.upper().startswith(PREFIX) and name.upper() not in known and name not in links:
            raise StartupError(
                f"{name}={value}: there is no such setting; allowed are {', '.join(sorted(known))}"
            )
