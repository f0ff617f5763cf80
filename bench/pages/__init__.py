"""The page cache beside nginx: one thread page, served in many ways, measured side by side. See __main__."""
