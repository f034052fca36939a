"""The programs that are compared: how each is started in front of an upstream, and by which paths it is asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import attrs

_ROOT = Path(__file__).parent.parent
_ENVIRONMENTS = _ROOT / "build" / "peers"

OPENAI = MappingProxyType({"chat": "/v1/chat/completions", "stream": "/v1/chat/completions", "embed": "/v1/embeddings"})
WIRE = MappingProxyType(
    {
        "chat": "/api/v1/resource/chat/",
        "stream": "/api/v1/resource/streamchat/",
        "embed": "/api/v1/resource/embed/",
    }
)


class ProgramFault(Exception):
    """A program can't be had or doesn't run. The text is one line that says why."""


@attrs.frozen
class Place:
    """
    Where an instance runs.

    @ivar port: to listen on, on loopback.
    @ivar upstream: base URL of what plays ARGO, without a slash at its end.
    @ivar folder: for its files; its working directory.
    """

    port: int
    upstream: str
    folder: Path


@attrs.frozen
class Program:
    """
    One of the compared.

    @ivar command: from a place to what is run there; L{None} for the upstream itself, asked without a proxy.
    @ivar install: what must be done once before it can be started.
    @ivar paths: of the calls C{chat}, C{stream} and C{embed}.
    @ivar simulated: whether it stands in front of our simulator rather than of the fast upstream.
    """

    name: str
    command: Callable[[Place], list[str]] | None
    install: Callable[[], None] = lambda: None
    paths: Mapping[str, str] = OPENAI
    simulated: bool = False


def twistd() -> str:
    """The twistd that belongs to the interpreter that runs us."""
    return str(Path(sys.executable).parent / "twistd")


def _ours(place: Place) -> list[str]:
    config = _written(
        place,
        f"user: someone\nhost: 127.0.0.1\nport: {place.port}\nargo_base_url: {place.upstream}\nupdate_check: false\n",
    )
    return [twistd(), "--nodaemon", "--pidfile=", "--logfile=program.log", "argoproxy", "--config", str(config)]


def _ancestor(place: Place) -> list[str]:
    """As quiet as it can be made: it still logs some lines for each request, as ours logs one."""
    config = _written(
        place,
        f"user: someone\nhost: 127.0.0.1\nport: {place.port}\nverbose: false\n"
        f"argo_base_url: {place.upstream}\nskip_url_validation: true\n",
    )
    return [str(_ENVIRONMENTS / "argo-proxy-2.8.9" / "bin" / "argo-proxy"), "--quiet", str(config)]


def _install_ancestor() -> None:
    _environment("argo-proxy-2.8.9", "argo-proxy==2.8.9")


def _nginx(place: Place) -> list[str]:
    upstream = place.upstream.removeprefix("http://")
    config = _written(
        place,
        f"""daemon off; master_process off; pid nginx.pid; error_log stderr; worker_rlimit_nofile 20000;
events {{ worker_connections 20000; }}
http {{
  access_log access.log; client_body_buffer_size 1m;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream argo {{ server {upstream}; keepalive 512; }}
  server {{
    listen 127.0.0.1:{place.port} backlog=4096;
    keepalive_requests 100000000;
    location / {{
      proxy_pass http://argo; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
""",
    )
    return [shutil.which("nginx") or "nginx", "-e", "stderr", "-p", str(place.folder), "-c", str(config)]


def _need_nginx() -> None:
    if shutil.which("nginx") is None:
        raise ProgramFault("nginx is not installed (on Debian: apt-get install nginx-light)")


def _written(place: Place, text: str) -> Path:
    path = place.folder / "program.conf"
    path.write_text(text)
    return path


def _environment(name: str, requirement: str) -> None:
    """
    An environment of its own with a package in it, made once.

    @raise ProgramFault: it could not be installed.
    """
    folder = _ENVIRONMENTS / name
    complete = folder / ".complete"
    if complete.exists():
        return
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", requirement]
    run = subprocess.run(pip, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["no explanation"]
        raise ProgramFault(f"{requirement} could not be installed: {said[-1]}")
    complete.touch()


OURS = "argoproxy"
PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        program.name: program
        for program in (
            Program(OURS, _ours),
            Program("argoproxy+argosim", _ours, simulated=True),
            Program("argo-proxy-2.8.9", _ancestor, _install_ancestor),
            Program("nginx", _nginx, _need_nginx, WIRE),
            Program("direct", None, paths=WIRE),
        )
    }
)
DEFAULT = (OURS, "argoproxy+argosim", "direct")
