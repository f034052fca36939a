"""
What the proxy says of its own web: one OpenAPI document of all that it serves.

Bodies are described by the very Structs that read and write them. Only what no Struct says is written here: what an
endpoint is for, and the few replies that are put together from bytes.
"""

from .document import document

__all__ = ["document"]
