"""
What ARGO speaks: one module for each of its wires, and what they share.

An upstream knows neither the network nor any dialect: it turns a neutral request into a call's bytes, and the
reply's bytes into neutral events.
"""
