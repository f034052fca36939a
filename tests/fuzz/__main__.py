"""
Fuzzing for a time: C{make fuzz FUZZ_SECONDS=300}.

Half of it goes to what pytest runs a little of each time: replies and requests that hypothesis makes. The other
half goes to schemathesis, which asks every endpoint as C{/openapi.json} describes it, on the gateway and on the native
wires. What is found belongs into a test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.running import ROOT, twistd

_BIN = Path(sys.executable).parent
_EXAMPLES = "300"
_WIRES = ("gateway", "native")
# What isn't asked for: queries may have fields that the API at hand does not know, which values are right is known to
# ARGO alone, and a path with a variable tells the methods of all that it may be.
_EXCLUDED = "positive_data_acceptance,negative_data_rejection,allow_header_conformance"


def main(arguments: list[str]) -> int:
    """@return: the exit status: 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long, about; default: %(default)s")
    seconds = parser.parse_args(arguments).seconds
    found = _generated(seconds / 2)
    for wire in _WIRES:
        found |= _described(wire, seconds / 2 / len(_WIRES))
    return int(found)


def _generated(seconds: float) -> bool:
    """Run the tests of this folder again and again, with many examples. Whether something was found."""
    until = time.monotonic() + seconds
    found = False
    while not found and time.monotonic() < until:
        command = [str(_BIN / "pytest"), "-q", str(Path(__file__).parent)]
        environment = {**os.environ, "FUZZ_EXAMPLES": _EXAMPLES}
        found = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    return found


def _described(wire: str, seconds: float) -> bool:
    """Ask every endpoint of a proxy before a simulator. Whether something was found."""
    with tempfile.TemporaryDirectory(prefix="argoproxy-fuzz-") as folder:
        place = Path(folder)
        with twistd(place, "argoproxy", "--simulator", "--upstream", wire) as proxy:
            (place / "openapi.json").write_text(json.dumps(_narrowed(proxy.ask("GET", "/openapi.json"))))
            return _asked(place, proxy.url, seconds)


def _asked(place: Path, url: str, seconds: float) -> bool:
    options = ["--phases", "examples,coverage,fuzzing", "--exclude-checks", _EXCLUDED, "--continue-on-failure"]
    bounds = ["--max-time", str(max(1, round(seconds))), "-n", "60", "--request-timeout", "10"]
    command = [str(_BIN / "schemathesis"), "--no-color", "run", "openapi.json", "--url", url, *options, *bounds]
    return subprocess.run(command, cwd=place, check=False).returncode != 0


def _narrowed(described: Any) -> Any:
    """
    The description without what would be no finding: errors of ARGO's own, which may have any status, and a time in
    which nothing can be answered.
    """
    if isinstance(described, list):
        return [_narrowed(part) for part in described]
    if not isinstance(described, dict):
        return described
    kept = {name: _narrowed(part) for name, part in described.items()}
    kept.get("responses", {}).pop("default", None)
    if "exclusiveMinimum" in kept:
        kept["minimum"] = kept.pop("exclusiveMinimum") + 30
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
