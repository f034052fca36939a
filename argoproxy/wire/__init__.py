"""Framing that knows no dialect: strict JSON, server-sent events both ways, incremental UTF-8, content codings."""
