"""The thin outer layer: routes, and the playing of replies on sockets. The only part that knows Twisted and Klein."""
