"""ARGO's three wires: request bytes in, reply bytes out. Pure: no Twisted."""
