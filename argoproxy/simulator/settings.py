"""
How a simulator behaves: pace and a standing fault. Nothing here knows Twisted, so that configuration may import it.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class SimulatorSettings:
    """
    The choices of one simulator.

    @ivar first_byte_delay: Seconds before the first byte of each reply.
    @ivar chunk_delay: Seconds between two chunks of a streamed reply.
    @ivar chunk_size: UTF-8 bytes of a chunk of C{streamchat/}; characters of a delta on the native wires.
    @ivar cut_characters: Whether chunks end inside of multi-byte characters wherever there is one to cut.
    @ivar fault: A fault (C{"NAME"} or C{"NAME=ARGUMENT"}) that every request meets, or None.
    """

    first_byte_delay: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))
    chunk_delay: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))
    chunk_size: int = attrs.field(default=24, validator=attrs.validators.ge(1))
    cut_characters: bool = False
    fault: str | None = None
