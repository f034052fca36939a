"""What C{twistd} finds: the proxy, and the simulator of ARGO on its own. Names only, nothing is imported here."""

from twisted.application.service import ServiceMaker

argoproxy = ServiceMaker(
    "argoproxy",
    "argoproxy.tap",
    "A proxy between every LLM client and ARGO.",
    "argoproxy",
)

argosim = ServiceMaker(
    "argosim",
    "argoproxy.simulator.tap",
    "A simulator of ARGO, for tests and for trying things out.",
    "argosim",
)
