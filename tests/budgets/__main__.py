"""`python -m tests.budgets` compares what pages and acts cost with what is written; `--write` writes it anew."""

import os
import sys

import pytest

if sys.argv[1:] not in ([], ["--write"]):
    sys.exit("python -m tests.budgets takes --write, or nothing.")
if sys.argv[1:]:
    os.environ["FORUM_WRITE_BUDGETS"] = "1"
sys.exit(pytest.main(["tests/budgets"]))
