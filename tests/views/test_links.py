"""The addresses made without the resolver are the resolver's."""

from django.urls import reverse

from forum import links
from forum.tables.threads import Thread

HEAD = Thread("aws#3", "01KAQ4ZT9N8YV3W2Q6JX5R7D03", title="Hot partitions & you")


def test_links_equal_what_reverse_says() -> None:
    assert links.forum("aws") == reverse("forum", args=["aws"])
    assert links.thread(HEAD) == reverse("thread", args=["aws", HEAD.id, "hot-partitions-you"])
    assert links.thread(HEAD, 3) == links.thread(HEAD) + "?page=3"
    assert links.post(HEAD.id, 7) == reverse("post", args=[HEAD.id, 7])
    assert links.member("A.b-c_9") == reverse("member", args=["A.b-c_9"])
    assert links.place(HEAD, 21) == links.thread(HEAD, 2) + "#post-21"
