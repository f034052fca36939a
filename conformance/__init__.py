"""
Published conformance suites, and clients that people use, against the running proxy and its simulated ARGO.

Each tool is installed from its index into an environment of its own below C{build/conformance}.
"""
