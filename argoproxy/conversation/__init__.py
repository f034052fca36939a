"""
The neutral language between the dialects and the upstreams: requests, their parts, models, and the events of a reply.

Nothing here knows a dialect, a wire, or the network.
"""

from .abilities import Abilities
from .allowance import Allowance, Limits, Places, Rate, Standing, Verdict
from .events import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from .model import Family, Model
from .parts import (
    Image,
    Message,
    Opaque,
    OutputShape,
    Part,
    Reasoning,
    Role,
    Text,
    Thinking,
    Tokens,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from .request import ChatRequest, DirectRequest, EmbeddingRequest, Request
from .route import Call, Head, RouteCall, Stamp

__all__ = [
    "Abilities",
    "Allowance",
    "Call",
    "ChatRequest",
    "DirectRequest",
    "EmbeddingRequest",
    "Event",
    "Failed",
    "Family",
    "FinishReason",
    "Finished",
    "Head",
    "Image",
    "Limits",
    "Message",
    "Model",
    "Opaque",
    "OutputShape",
    "Part",
    "Places",
    "Rate",
    "Reasoning",
    "ReasoningDelta",
    "Request",
    "Role",
    "RouteCall",
    "Stamp",
    "Standing",
    "Started",
    "Text",
    "TextDelta",
    "Thinking",
    "Tokens",
    "Tool",
    "ToolCall",
    "ToolCallArguments",
    "ToolCallBegun",
    "ToolChoice",
    "ToolResult",
    "Usage",
    "Used",
    "Vectors",
    "Verdict",
]
