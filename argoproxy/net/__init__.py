"""The only code that knows Twisted's web: what comes in, what goes out, and what becomes of both when a side leaves."""
