"""
Several processes that serve as one: a supervisor that starts them, and what each of them runs.

The supervisor binds every address as often as there are workers, so that the kernel shares out the connections, and
keeps all of these sockets open for as long as it lives. A worker may come and go: what waits in a socket's queue is
never lost, for its successor, or another worker in its place, takes it from the same socket.

Nothing here knows what is served.
"""
