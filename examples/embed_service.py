"""
The proxy as one service of an application of your own.

Run it with C{twistd --nodaemon --pidfile= --python examples/embed_service.py}. It takes no signals and no log: those
are the application's.
"""

from twisted.application.internet import TimerService
from twisted.application.service import Application
from twisted.logger import Logger

from argoproxy.config import Config
from argoproxy.service import make_service

log = Logger()
application = Application("laboratory")

# For ARGO itself: Config(user="your ARGO user name").
make_service(Config(use_simulator=True, port=44497)).setServiceParent(application)

# Whatever else the application does.
TimerService(3600, log.info, "another hour has begun").setServiceParent(application)
