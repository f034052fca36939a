"""What the simulated models are and say. Pure: no wire format, no Twisted."""
