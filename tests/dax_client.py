"""Whether DAX's client is here, which not every machine has: requirements-dax.txt."""

import os
from importlib.util import find_spec

import pytest

ABSENT = "requirements-dax.txt is not installed"

# In CI it has to be there: a test that is left out there would hide that its part is missing.
MAY_BE_LEFT_OUT = not find_spec("amazondax") and not os.environ.get("CI")
needs_dax = pytest.mark.skipif(MAY_BE_LEFT_OUT, reason=ABSENT)
