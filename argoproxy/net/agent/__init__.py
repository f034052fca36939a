"""
An HTTP/1.1 client transport for one user: the calls to ARGO. Bytes are parsed by llhttp; connections are kept.

It is an L{twisted.web.iweb.IAgent} that does less than Twisted's: a request's body is there whole, a reply is read
strictly, and nothing is made of it that nobody asks for.
"""

from .agent import LlhttpAgent
from .headers import CallHeaders
from .request import UnansweredAgain, WholeBody

__all__ = ["CallHeaders", "LlhttpAgent", "UnansweredAgain", "WholeBody"]
