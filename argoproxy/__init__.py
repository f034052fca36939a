"""argoproxy: a Twisted proxy between every LLM client and ARGO, Argonne's LLM gateway."""

__version__ = "0.1.0"
