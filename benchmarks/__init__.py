"""
How fast the proxy is, beside others: C{python -m benchmarks}, or C{make bench}.

Real processes on loopback, with a C upstream in ARGO's place and a C load generator, so that neither is what is
measured. What the proxy must do right is the tests' business, and how fast is asked nowhere else.
"""
