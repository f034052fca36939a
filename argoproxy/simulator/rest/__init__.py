"""
The thin outer layer: routes, and the playing of replies on requests. The only part that knows Twisted's web and Klein.
"""
