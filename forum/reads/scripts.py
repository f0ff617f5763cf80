"""The Lua scripts of read marks, and how a mark is one number. The keys are described in `forum.reads`."""

# A page of a list has 30 threads; a heavy reader's set takes some 250 KB of Redis, and 50 KB of DynamoDB.
MOST_MARKS = 2000
TRIMMED = 200

NUMBERS = 2**26
# In minutes since 1970; from 2020 on, so that every moment in us is greater than every mark, for some decades.
FIRST_MINUTE = 26_297_280
LEAST_MOMENT = 10**15


def packed(minute: int, number: int) -> int:
    """A mark's score: the minute (since 1970) it was made, and the number of the post."""
    return (minute - FIRST_MINUTE) * NUMBERS + min(number, NUMBERS - 1)


# KEYS: the member's. ARGV: thread, number, life in s, moment, names…. Of a post in the middle of its thread `moment` is
# when it was written (us), else 0: what counts as read anyway moves no mark, which would say less than the watermark.
# -> {1 if the mark was moved, {scores of the names as they were before}}; nothing where the set is not complete.
MOVE = f"""
local key, thread, number = KEYS[1], ARGV[1], math.min(tonumber(ARGV[2]), {NUMBERS - 1})
if not redis.call('ZSCORE', key, '*') then return false end
local before = ARGV[5] and redis.call('ZMSCORE', key, unpack(ARGV, 5)) or {{}}
local old = tonumber(redis.call('ZSCORE', key, thread) or 0)
if number <= old % {NUMBERS} then return {{0, before}} end
if ARGV[4] ~= '0' then
  for i, name in ipairs({{unpack(ARGV, 5)}}) do
    if name ~= thread and tonumber(ARGV[4]) <= tonumber(before[i] or 0) then return {{0, before}} end
  end
end
local minute = math.floor(redis.call('TIME')[1] / 60) - {FIRST_MINUTE}
minute = math.max(minute, math.floor(old / {NUMBERS}))
redis.call('ZADD', key, string.format('%.0f', minute * {NUMBERS} + number), thread)
if redis.call('ZCARD', key) > {MOST_MARKS} then
  local newest = tonumber(redis.call('ZRANGE', key, {TRIMMED - 1}, {TRIMMED - 1}, 'WITHSCORES')[2])
  if newest < {LEAST_MOMENT} then
    local moment = (math.floor(newest / {NUMBERS}) + 1 + {FIRST_MINUTE}) * 60000000
    redis.call('ZREMRANGEBYRANK', key, 0, {TRIMMED - 1})
    redis.call('ZADD', key, 'GT', string.format('%.0f', moment), '*')
  end
end
redis.call('EXPIRE', key, ARGV[3])
return {{1, before}}
"""

# KEYS: the member's. ARGV: "*" or "f:<forum>", moment, life in s; then threads, each with the number of its last post
# at that moment: of these it is known from then on how many posts are new. -> 1; 0 where the set is not complete. With
# "*" go the watermarks of forums from before.
MARK_ALL = f"""
local key = KEYS[1]
if not redis.call('ZSCORE', key, '*') then return 0 end
if ARGV[1] == '*' then redis.call('ZREMRANGEBYSCORE', key, {LEAST_MOMENT}, '(' .. ARGV[2]) end
redis.call('ZADD', key, 'GT', ARGV[2], ARGV[1])
local minute = math.floor(ARGV[2] / 60000000) - {FIRST_MINUTE}
for i = 4, #ARGV, 2 do
  local old = tonumber(redis.call('ZSCORE', key, ARGV[i]) or 0)
  local number = math.max(old % {NUMBERS}, math.min(tonumber(ARGV[i + 1]), {NUMBERS - 1}))
  redis.call('ZADD', key, 'GT', string.format('%.0f', minute * {NUMBERS} + number), ARGV[i])
end
redis.call('EXPIRE', key, ARGV[3])
return 1
"""

# KEYS: unsaved. ARGV: member, ms until it is to be saved. Sooner stays sooner.
NOTE = """
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'LT', now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2], ARGV[1])
return 1
"""

# KEYS: unsaved. ARGV: most, lease in ms. -> members to save now; nobody else is given them until the lease ends.
CLAIM = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms, 'LIMIT', 0, ARGV[1])
for i, member in ipairs(due) do
  redis.call('ZREM', KEYS[1], member)
  due[i] = string.gsub(member, '!', '')
  redis.call('ZADD', KEYS[1], ms + ARGV[2], '!' .. due[i])
end
return due
"""
