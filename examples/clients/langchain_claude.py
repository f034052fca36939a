"""
LangChain's class for Anthropic: a chat, whole and streamed, a tool, thinking.

C{pip install langchain-anthropic}
"""

import os

from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool

URL = os.environ.get("ARGOPROXY_URL", "http://127.0.0.1:44497")


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}"


for model in ("claude-sonnet-4.5", "gpt-4o", "gemini-2.5-pro"):
    chat = ChatAnthropic(model=model, base_url=URL, api_key="unused", max_tokens=4096)
    print(chat.invoke("Hello").text)
    print("".join(piece.text for piece in chat.stream("Hello")))

    armed = chat.bind_tools([get_weather])
    asked = armed.invoke("How is the weather?")
    results = [get_weather.invoke(call) for call in asked.tool_calls]
    print(armed.invoke([("user", "How is the weather?"), asked, *results]).text)

thinking = {"type": "enabled", "budget_tokens": 2048}
chat = ChatAnthropic(
    model="claude-sonnet-4.5", base_url=URL, api_key="unused", max_tokens=4096, thinking=thinking
)
print(chat.invoke("Hello").text)
