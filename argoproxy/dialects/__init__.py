"""
What clients speak: one module for each public API, and what they share.

A dialect knows neither the network nor any upstream: it turns bytes into a neutral request, and neutral events into
bytes.
"""
