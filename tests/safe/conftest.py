"""The site that all of these tests read."""

import pytest

from tests.safe.community import Community, fill


@pytest.fixture
def community(site: None) -> Community:
    return fill()
