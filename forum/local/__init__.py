"""The embedded engines behind `manage.py up`, the tests and the benchmarks.

`dynamodb.start(directory)` and `redis.start(directory)` give one engine each;
`engines.running(directory)` gives both, with the directory held against a second start.
"""
