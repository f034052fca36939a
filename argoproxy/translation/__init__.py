"""
One exchange without I/O: bytes of the upstream in, bytes for the client out.

Each upstream reply is a leg; the legs of one exchange share a renderer. The network part drives both and knows
neither dialects nor wires; counting is done in slices, so that it never holds the reactor.
"""

from .choosing import between

__all__ = ["between"]
