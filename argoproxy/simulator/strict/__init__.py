"""What ARGO and the services behind it refuse, with their wording. Pure: no replies, no Twisted."""
