"""
What a chat costs beyond its texts.

The numbers are those that OpenAI has published (its cookbook's page on counting tokens with tiktoken). Nobody has
published any for Claude and Gemini, so theirs are estimates.
"""

from __future__ import annotations

MESSAGE = 4  # three for the frame, one for the role
NAME = 1
REPLY = 3  # what the reply is primed with

# A picture's tokens depend on its size, which is not looked at: OpenAI's 85 for low detail, and what a picture of
# 1024 by 1024 costs otherwise.
_IMAGE = {"low": 85}
_DETAILED_IMAGE = 765


def image(detail: str | None = None) -> int:
    """The estimate for a picture."""
    return _IMAGE.get(detail or "auto", _DETAILED_IMAGE)
