"""Every write: check who may, write, invalidate the pages concerned.

Nothing else calls the tables' writes, so nothing can be written without its pages being renewed.
Each function takes the reader who acts and raises one of `forum.errors` where it may not be.
"""
