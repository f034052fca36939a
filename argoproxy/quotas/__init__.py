"""
What is used of allowances: kept in memory, or in a Redis that several proxies share.

Who has which allowance, and what a client is told of it, stays out.
"""
