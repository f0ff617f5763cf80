"""What pages and acts cost, measured, kept in `forum/costs.json` and shown in docs/access-patterns.md.

`python -m tests.budgets --write` measures anew; the tests fail where something costs more, or less, than is written.
"""
