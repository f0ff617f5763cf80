"""Adding to items what Redis has counted: it comes in batches whose numbers rise, and each item takes a batch once.

An item keeps the number of the last batch that was added to it, and takes neither that one again nor one before it. So
whoever died half-way, or had no answer, sends the batch once more; so do two at once, and who is late adds nothing.
"""

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from .base import Table


def change_once(
    item: Table, last: NumberAttribute, batch: int, actions: Sequence[Action], holds: Condition | None = None
) -> bool:
    """Change an item, which then is as it is stored, and keep the batch's number in its attribute `last`; False where
    it has this batch or a later one, or where `holds` does not hold. One UpdateItem."""
    unseen: Condition = last.does_not_exist() | (last < batch)
    try:
        item.update([*actions, last.set(batch)], condition=unseen if holds is None else holds & unseen)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True
