"""The site that all of these tests read."""

import pytest

from tests.safe.community import Community, fill


@pytest.fixture
def community(transactional_db: None, site: None) -> Community:
    """Whoever saves an account makes pages stale once that is committed; so it is, or intents would be left."""
    return fill()
