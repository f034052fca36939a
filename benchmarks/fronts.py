"""What can stand in front of several proxies: the files of examples/scale, as they are, but with addresses of ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from .program import ProgramFault

_EXAMPLES = Path(__file__).parent.parent / "examples" / "scale"
# What stands in the examples.
_OURS = "127.0.0.1:8080"
_PROXIES = ("10.0.0.11:44497", "10.0.0.12:44497")
_NGINX = "daemon off; pid nginx.pid; error_log stderr;"


@attrs.frozen
class Front:
    """
    @ivar example: the name of its configuration's file.
    @ivar package: Debian's.
    """

    name: str
    example: str
    package: str
    _command: Callable[[str, Path], list[str]]

    def command(self, port: int, proxies: Sequence[int], folder: Path) -> list[str]:
        """
        What is run to have it on a port in front of two proxies.

        @param folder: for its files.
        @raise ProgramFault: it isn't installed.
        """
        path = shutil.which(self.name) or shutil.which(self.name, path="/usr/sbin")
        if path is None:
            raise ProgramFault(f"{self.name} is not installed (on Debian: apt-get install {self.package})")
        text = adapted((_EXAMPLES / self.example).read_text(encoding="utf-8"), port, proxies, folder)
        (folder / self.example).write_text(text, encoding="utf-8")
        return self._command(path, folder / self.example)


def adapted(text: str, port: int, proxies: Sequence[int], folder: Path) -> str:
    """
    An example's text, for loopback.

    @raise ProgramFault: it lacks an address that it must have.
    """
    places = {_OURS: f"127.0.0.1:{port}"}
    places |= {given: f"127.0.0.1:{proxy}" for given, proxy in zip(_PROXIES, proxies, strict=True)}
    for given, here in places.items():
        if given not in text:
            raise ProgramFault(f"examples/scale: {given} stands nowhere")
        text = text.replace(given, here)
    return text.replace("/var/log/nginx/", f"{folder}/")


def _haproxy(path: str, config: Path) -> list[str]:
    return [path, "-db", "-f", str(config)]


def _nginx(path: str, config: Path) -> list[str]:
    return [path, "-e", "stderr", "-p", str(config.parent), "-c", str(config), "-g", _NGINX]


FRONTS: Mapping[str, Front] = {
    "haproxy": Front("haproxy", "haproxy.cfg", "haproxy", _haproxy),
    "nginx": Front("nginx", "nginx.conf", "nginx-light", _nginx),
}
