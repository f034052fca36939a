"""
The words that an API's dialect and a wire of the same language share: shapes and tables, no behaviour of either side.
"""
