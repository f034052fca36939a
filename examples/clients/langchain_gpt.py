"""
LangChain's classes for OpenAI: a chat, whole and streamed, a tool, a shape, Responses, embeddings.

C{pip install langchain-openai}
"""

import os

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

URL = os.environ.get("ARGOPROXY_URL", "http://127.0.0.1:44497") + "/v1"


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}"


for model in ("gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro"):
    chat = ChatOpenAI(model=model, base_url=URL, api_key="unused")
    print(chat.invoke("Hello").content)
    print("".join(piece.text for piece in chat.stream("Hello")))

    armed = chat.bind_tools([get_weather])
    asked = armed.invoke("How is the weather?")
    results = [get_weather.invoke(call) for call in asked.tool_calls]
    print(armed.invoke([("user", "How is the weather?"), asked, *results]).content)

    city = {"title": "City", "description": "A city.", "type": "object", "properties": {"name": {"type": "string"}}}
    print(chat.with_structured_output(city, method="function_calling").invoke("Which city?"))

print(ChatOpenAI(model="gpt-5", base_url=URL, api_key="unused", use_responses_api=True).invoke("Hello").text)

# Without the check, texts go as they are; with it, LangChain fetches OpenAI's encodings from the network first.
embeddings = OpenAIEmbeddings(
    model="text-embedding-3-small", base_url=URL, api_key="unused", check_embedding_ctx_length=False
)
print(len(embeddings.embed_query("Hello")))
