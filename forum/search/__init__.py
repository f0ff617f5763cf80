"""Full-text search over titles and posts: an index beside the stores, which can always be made again from them.

    query       what somebody typed  ->  Query; any text whatever is one
    documents   posts and threads as the index keeps them
    backend     what an index can do; `sqlite` (a file of its own) and `postgres` (tables beside the accounts)
    feeding     after each write, whatever it was: reads what is stored now, and indexes that
    finding     hits for a reader, "did you mean", similar threads
    rebuilding  the whole index from DynamoDB, while posts go on being written

The index is never the truth. What it holds of a post has the post's revision, so that whoever comes late with
something older changes nothing; and which forum a thread is in, and whether it can be read, stands in one row
of the thread's own, so that hiding or moving a thread of 10,000 posts changes one row before anything else.
"""
