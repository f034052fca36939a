"""A folder for each test to run C{twistd} in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process.twistd import Twistd


@pytest.fixture
def twistd(tmp_path: Path) -> Twistd:
    return Twistd(tmp_path)
