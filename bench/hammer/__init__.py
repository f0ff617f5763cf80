"""The hammer: no page is ever older than the last write acknowledged before its request began.

Reader processes read every kind of cached page over HTTP, signed in and not, while writers post, edit,
delete and lock through the same forms. Each text and title carries a counter, and so every page that
was read can be held against what had been acknowledged when its request was sent.

    modes      what is started, what is broken, and the verdict
    home       a data directory of its own, with members in its database
    site       the engines and servers of one run, and its first threads
    browser    HTTP as a browser speaks it: kept connections, cookies, forms
    seen       what a page says, read off its HTML
    readers    processes that read
    writers    threads that write
    truth      what DynamoDB itself says, where the answer to a write was lost
    ledger     what was acknowledged, and what a page lacks of it
    faults     what is done to the servers meanwhile
    spreading  a forum that is spread over more shards meanwhile, and all its lists afterwards
    lag        a DynamoDB whose global indexes lag
    dying      a site whose workers die between the database and the invalidation
    naive      the site with a cache that deletes on write
"""
