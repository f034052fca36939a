"""Several places where the same ARGO, or one like it, may be found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs
import msgspec

from argoproxy.conversation import Call


@attrs.frozen
class Environments:
    """
    @ivar _bases: what the addresses of all calls begin with, the best first; each as whole names of a path.
    """

    _bases: Sequence[str]

    def onward(self, call: Call) -> Call | None:
        """The same call in the environment behind that of the call; L{None} if that is the last."""
        for here, there in pairwise(self._bases):
            if call.url.startswith(f"{here}/"):
                return msgspec.structs.replace(call, url=there + call.url[len(here) :])
        return None
