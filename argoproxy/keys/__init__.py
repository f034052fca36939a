"""
Clients' keys: made, looked up, kept in a file.

What a key's owner may do is decided elsewhere.
"""
