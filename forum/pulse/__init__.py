"""What is alive on the forum, in Redis: rankings, what is trending, what just happened, and how often threads are read.

Everything here is told of what was stored in DynamoDB, after it was (`tables.tallies.listeners`), and can be counted
anew from there (`manage.py rebuild pulse`). It is kept on the server that evicts nothing (`sessions`), and what it has
lost is only ever a rank, never a post. Keys; one hash slot holds them all, so one script reads or writes them in a
cluster, too::

    pulse:{pulse}:posts:ever            a leaderboard, sorted set: member -> how many. Of posts, likes and solved,
    pulse:{pulse}:posts:2026-11         for ever, a month,
    pulse:{pulse}:posts:2026-W48        a week and
    pulse:{pulse}:posts:2026-11-26      a day (UTC): what was *written* then, and the likes that has been given since
    pulse:{pulse}:totals                hash: aws|posts, aws|threads -> how many DynamoDB has, see `totals`
    pulse:{pulse}:today:2026-11-26      hash: posts -> how many were written that day
    pulse:{pulse}:points                hash: thread -> its posts and their likes
    pulse:{pulse}:trending              sorted set: aws/01J… -> what it is ranked by, see `trending`
    pulse:{pulse}:recent                list of what just happened, the newest first
    pulse:{pulse}:since                 since when all of this is counted; gone where it is whole
    pulse:{pulse}:unsaved               hash of what is to be added to DynamoDB, see `batches`: views, forums' totals
"""
