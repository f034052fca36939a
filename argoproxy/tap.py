"""
The command line: C{twistd argoproxy}, and the C{.tac}'s way to the same service.

C{twistd} imports this to list its commands, and the reactor may not be chosen yet; so whatever isn't needed for that is
imported where a service is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import Application, IService
from twisted.python import usage

if TYPE_CHECKING:
    from .config import Config
    from .daemon import Serving
    from .logs import Destination

# Options that aren't called as the configuration calls them.
_FIELDS = {"argo-url": "argo_base_url", "log-format": "log_format", "simulator": "use_simulator"}


class Options(usage.Options):
    """
    What C{twistd argoproxy} takes. Values are checked where the configuration is made, for the sake of its messages.
    """

    optParameters = [
        ["config", "c", None, "The configuration file, in place of config.yaml here or in your home."],
        ["port", "p", None, "Port to listen on (44497)."],
        ["host", None, None, "Interface to listen on (127.0.0.1)."],
        ["user", None, None, "Your ARGO user name."],
        ["argo-url", None, None, "Base of ARGO's addresses."],
        ["upstream", None, None, "Which of ARGO's wires to use: auto, gateway or native (auto)."],
        ["workers", None, None, "Number of processes that serve (1)."],
        ["log-format", None, None, "Form of the log's lines: text or json (text)."],
    ]
    optFlags = [
        ["simulator", None, "Play ARGO in this process; needs no user."],
        ["verbose", None, "Log more, such as the shape of requests."],
        ["quiet", None, "Log only trouble."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["listen"] = []

    def opt_listen(self, endpoint: str) -> None:
        """Twisted endpoint to listen on, in place of host and port; may be given more than once."""
        self["listen"].append(endpoint)


def makeService(options: Options) -> IService:
    """
    What C{twistd argoproxy} runs: bound to its addresses, and ready to become a daemon.

    @raise SystemExit: It can't start; with one line that says why.
    """
    given = {_FIELDS.get(name, name): _given(value) for name, value in options.items() if name != "config"}
    return _daemon(options["config"], given, options.parent or {})


def make_application(arguments: list[str]) -> Any:
    """
    What the C{.tac} runs: the same, configured by the environment and the file alone.

    @param arguments: C{twistd}'s; how to log is told there.
    @raise SystemExit: It can't start; with one line that says why.
    """
    application = Application("argoproxy")
    _daemon(None, {}, _twistd_options(arguments)).setServiceParent(application)
    return application


def _given(value: object) -> object:
    """An option's value; L{None} if it wasn't given. A flag that was is 1."""
    return True if value == 1 else value or None


def _daemon(path: str | None, given: Mapping[str, object], twistd: Mapping[str, Any]) -> IService:
    from .tuning import hold

    hold()
    from .config import ConfigFault, load
    from .listening import ListenFault
    from .logs import LogFault

    try:
        return _assembled(partial(load, path, given, os.environ), twistd)
    except ConfigFault as fault:
        raise SystemExit(f"argoproxy: {fault}") from None
    except ListenFault as fault:
        raise SystemExit(f"argoproxy: can't listen on {fault}") from None
    except LogFault as fault:
        raise SystemExit(f"argoproxy: can't log: {fault}") from None


def _assembled(read: Callable[[], Config], twistd: Mapping[str, Any]) -> IService:
    from .daemon import Daemon
    from .signals import ignore_hang_ups
    from .systemd import ServiceManager

    config = read()
    ignore_hang_ups()
    service, log = _supervised(config, twistd) if config.workers > 1 else _alone(config, twistd)
    return Daemon(service, log, read, ServiceManager.named_by(os.environ))


def _alone(config: Config, twistd: Mapping[str, Any]) -> tuple[Serving, Destination]:
    from .endpoints import claim
    from .logs import destination
    from .prompt import make_prompt_service

    claims = claim(config.listen, config.host, config.port)
    log = destination(config, twistd)
    from twisted.internet import reactor

    return make_prompt_service(config, claims, reactor), log


def _supervised(config: Config, twistd: Mapping[str, Any]) -> tuple[Serving, Destination]:
    from .logs import destination
    from .workers.supervision import claim_for_workers, make_supervisor

    sockets = claim_for_workers(config)
    log = destination(config, twistd)
    return make_supervisor(config, sockets, log, twistd), log


def _twistd_options(arguments: list[str]) -> Mapping[str, Any]:
    """Read C{twistd}'s options once more: it shows them to no C{.tac}."""
    from twisted.scripts.twistd import ServerOptions  # type: ignore[attr-defined]  # what it runs by is not in __all__

    class Again(ServerOptions):
        def opt_reactor(self, name: str) -> None:
            """It is installed already."""

        opt_r = opt_reactor

    options = Again()
    try:
        options.parseOptions(arguments)
    except usage.UsageError:
        # Somebody else loads the file, with a command line of their own.
        return {"nodaemon": True}
    options["nodaemon"] = options["nodaemon"] or options["debug"]
    return options
