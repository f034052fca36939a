"""The others: each as quiet and as fast as it can be configured, with one process."""

from __future__ import annotations

import re
import shutil
import subprocess

from . import environments
from .program import Place, ProgramFault

_LITELLM = (
    "LITELLM_LOCAL_MODEL_COST_MAP=True",
    "LITELLM_LOG=ERROR",
    "LITELLM_MODE=PRODUCTION",
    # Without keys, as everybody here is, and on loopback.
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true",
)
_SERVE = "import os; from argoproxy.app import run; run(host='127.0.0.1', port=int(os.environ['PORT']))"


def ancestor(place: Place) -> list[str]:
    """argo-proxy 2. It logs some lines for each request, as ours logs one."""
    encodings = environments.packages("encodings") / "litellm" / "litellm_core_utils" / "tokenizers"
    command = [environments.executable("argo-proxy-2.8.9", "argo-proxy"), "--quiet", _argo_proxy(place)]
    return ["env", f"TIKTOKEN_CACHE_DIR={encodings}", *command]


def install_ancestor() -> str:
    """
    The last argo-proxy that asks the gateway's own calls.

    The encodings that it counts with would be fetched from the internet at its first request; LiteLLM has them with it.
    """
    environments.install("encodings", "litellm", "--no-deps", "litellm")
    return environments.install("argo-proxy-2.8.9", "argo-proxy", "argo-proxy==2.8.9")


def successor(place: Place) -> list[str]:
    """argo-proxy of today, by its native wires. Its command would ask the internet for newer versions first."""
    config = _argo_proxy(place)
    command = [environments.executable("argo-proxy", "python"), "-c", _SERVE]
    return ["env", f"CONFIG_PATH={config}", f"PORT={place.port}", "HOST=127.0.0.1", *command]


def install_successor() -> str:
    """The newest argo-proxy."""
    return environments.install("argo-proxy", "argo-proxy", "argo-proxy")


def _argo_proxy(place: Place) -> str:
    return place.write(
        f'config_version: "3"\nuser: someone\nhost: 127.0.0.1\nport: {place.port}\nverbose: false\n'
        f"argo_base_url: {place.upstream}\nskip_url_validation: true\n"
    )


def litellm(place: Place) -> list[str]:
    """LiteLLM's proxy in front of an OpenAI-compatible upstream."""
    config = place.write(
        f"""model_list:
- model_name: gpt-4o
  litellm_params: {{model: openai/gpt-4o, api_base: "{place.upstream}/v1", api_key: someone}}
- model_name: argo:text-embedding-3-small
  litellm_params: {{model: openai/text-embedding-3-small, api_base: "{place.upstream}/v1", api_key: someone}}
litellm_settings: {{set_verbose: false, telemetry: false}}
general_settings: {{disable_spend_logs: true, disable_error_logs: true}}
"""
    )
    command = [environments.executable("litellm", "litellm"), "--config", config, "--num_workers", "1"]
    return ["env", *_LITELLM, *command, "--host", "127.0.0.1", "--port", str(place.port), "--telemetry", "False"]


def install_litellm() -> str:
    """The newest LiteLLM with its proxy: large."""
    return environments.install("litellm", "litellm", "litellm[proxy]")


def nginx(place: Place) -> list[str]:
    """
    nginx that passes on what it gets, byte for byte, over kept connections.

    It closes new connections when few are left of those that it is allowed, so it is allowed more than there can be.
    """
    config = place.write(
        f"""daemon off; master_process off; pid nginx.pid; error_log stderr; worker_rlimit_nofile 20000;
events {{ worker_connections 40000; }}
http {{
  access_log access.log; client_body_buffer_size 1m; client_max_body_size 0;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream argo {{ server {place.upstream.removeprefix("http://")}; keepalive 512; }}
  server {{
    listen 127.0.0.1:{place.port} backlog=4096;
    keepalive_requests 100000000;
    location / {{
      proxy_pass http://argo; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""
    )
    return [_nginx(), "-e", "stderr", "-p", str(place.folder), "-c", config]


def find_nginx() -> str:
    """The nginx that the system has."""
    said = subprocess.run([_nginx(), "-v"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"nginx/(\S+)", said)
    return found[1] if found else ""


def _nginx() -> str:
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        raise ProgramFault("nginx is not installed (on Debian: apt-get install nginx-light)")
    return path
