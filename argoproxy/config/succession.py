"""What of a configuration can be changed while a process runs, and what lasts as long as the process does."""

from __future__ import annotations

import msgspec

from argoproxy.config.model import Config

LASTING = (
    "host",
    "port",
    "listen",
    "workers",
    "log_format",
    "log_max_mb",
    "log_keep",
    "verbose",
    "quiet",
    "use_simulator",
    "simulator",
)


def successor(before: Config, wanted: Config) -> Config:
    """
    What serves when C{wanted} is to take the place of C{before}: all of it but for what is L{LASTING}. A notice names
    what of that would be another.
    """
    kept = {name: getattr(before, name) for name in LASTING}
    differing = ", ".join(name for name in LASTING if getattr(wanted, name) != kept[name])
    notices = (*wanted.notices, f"stays as it is until a restart: {differing}") if differing else wanted.notices
    after = msgspec.structs.replace(wanted, **kept, notices=notices)
    return after.at(before.base_url) if before.use_simulator else after
