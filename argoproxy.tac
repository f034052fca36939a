"""For C{twistd -y argoproxy.tac}: the proxy, configured by the file that ARGOPROXY_CONFIG names and the environment."""

import sys

from argoproxy.tap import make_application

application = make_application(sys.argv[1:])
