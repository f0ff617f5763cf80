"""The Lua scripts of the page cache, and the key they all begin with: a tag's state.

`g:{tag}` is one sorted set, so that it is evicted as a whole or not at all. Its members, by score::

    g<run>.<random>      score 0          the generation; <run> says which server process made it
    w<write>             deadline in ms   a write's intent
    x<last>:<write>      deadline in ms   an intent whose deadline passed once; <last> is when it is given up
    p<post>              until in ms      a post written a moment ago, which an index may not show as it is:
                                          <partition>|<sort key>|<revision>
    u                    until in ms      more was written than the posts say: by a write that named none, or never
                                          ended, or before this state was lost

A generation that another server process made does not stand. That process was this server before a
restart, or the primary before a failover, and what it acknowledged last may be lost on the way: a
page of that time could come back to life. Sorted sets and scripts:
https://valkey.io/topics/sorted-sets/ and https://valkey.io/topics/eval-intro/
"""

# What names a post in a tag's state, its base key: ForumName and PostTimestamp.
PostKey = tuple[str, str]

# Longer than a process believes a tracking connection that has fallen silent (pushes.BELIEVED_SECONDS),
# so that a deadline also reaches readers who no longer hear of anything.
INTENT_SECONDS = 3.0
# How long after its deadline a write may still reach the database: longer than any call of ours lasts.
ABANDONED_SECONDS = 30
# How long an index may lag behind; far longer than DynamoDB's do.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
WRITTEN_SECONDS = 10
MOST_WRITTEN = 60
# After a change that names no posts pages are made without DAX for so long: longer than an answer of its is used
# (`forum.tables.dax`). Pages that an index feeds are not kept for longer either: it may not show that change yet.
UNNAMED_SECONDS = 3
# Longer than a page is kept, and no longer: an address that nobody needs must not fill the server with states.
GENERATION_SECONDS = 1_200

_CONSTANTS = f"""
local INTENT, ABANDONED = {INTENT_SECONDS * 1000:.0f}, {ABANDONED_SECONDS * 1000}
local WRITTEN, MOST_WRITTEN = {WRITTEN_SECONDS * 1000}, {MOST_WRITTEN}
local UNNAMED = {UNNAMED_SECONDS * 1000}
local LIFE = {GENERATION_SECONDS * 1000}
"""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local function kind(member) return string.sub(member, 1, 1) end
"""

_RENEW = """
local run = string.sub(string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'), 1, 8)
local function renew(random)
  local generation = 'g' .. run .. '.' .. random
  redis.call('ZADD', KEYS[1], 0, generation)
  redis.call('PEXPIRE', KEYS[1], LIFE)
  return generation
end
local function ours(generation) return string.sub(generation, 2, 9) == run end
local function not_all_named()
  redis.call('ZADD', KEYS[1], now + UNNAMED, 'u')
  return UNNAMED
end
"""

# KEYS: state [, page, lease]. ARGV: random [, lease's token, lease in ms].
# -> {generation, ms until it must be asked for again or -1, {posts just written}, 1 if a write is under way,
#     ms until the posts are all that was written [, page if it was stored under this generation, 1 if the lease is the
#     caller's]}
# The generation is made anew where it is missing, another server's, or an intent's deadline has passed.
LOAD = (
    _CONSTANTS
    + _NOW
    + _RENEW
    + """
local generation, overdue, nearest, written, writing, unnamed = false, false, false, {}, 0, 0
local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #members, 2 do
  local member, deadline = members[i], tonumber(members[i + 1])
  local what = kind(member)
  if what == 'g' then
    generation = member
  elseif what == 'u' then
    unnamed = math.max(0, math.ceil(deadline - now))
  else
    if deadline <= now then
      redis.call('ZREM', KEYS[1], member)
      deadline = false
      if what ~= 'p' then
        overdue = true
        local last = tonumber(string.match(member, '^x(%d+):') or now + ABANDONED)
        if now < last then
          deadline = now + INTENT
          redis.call('ZADD', KEYS[1], deadline, string.format('x%d:%s', last, string.sub(member, -16)))
        end
      end
    elseif what == 'p' then
      written[#written + 1] = string.sub(member, 2)
    end
    if deadline and what ~= 'p' then writing = 1 end
    if deadline and (not nearest or deadline < nearest) then nearest = deadline end
  end
end
if generation and (overdue or not ours(generation)) then
  redis.call('ZREM', KEYS[1], generation)
  generation = false
end
if not generation then
  generation = renew(ARGV[1])
  unnamed = not_all_named()
end
local state = {generation, nearest and math.floor(nearest - now) or -1, written, writing, unnamed}
if KEYS[2] then
  local page = redis.call('GET', KEYS[2])
  if page and string.sub(page, 1, #generation) == generation then
    state[6] = page
  else
    state[6] = false
    state[7] = redis.call('SET', KEYS[3], ARGV[2], 'NX', 'PX', ARGV[3]) and 1 or 0
  end
end
return state
"""
)

# KEYS: state, page, lease. ARGV: generation, page, ms to keep it, lease's token.
# Stores a page unless its tag has changed meanwhile or it lasts no longer, and gives the lease back.
STORE = (
    _CONSTANTS
    + """
if tonumber(ARGV[3]) > 0 and redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], LIFE)
end
if redis.call('GET', KEYS[3]) == ARGV[4] then redis.call('DEL', KEYS[3]) end
return 1
"""
)

# KEYS: lease. ARGV: lease's token. Gives the lease back, when there is no page to store.
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1"

# KEYS: state. ARGV: write. -> how many writers have left their intents before this one.
# Deadlines are kept to the microsecond: two writers in one millisecond would else stand in line by chance.
INTEND = (
    _CONSTANTS
    + _NOW
    + """
local ahead, mine = 0, 'w' .. ARGV[1]
local members = redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
for _, member in ipairs(members) do
  if kind(member) == 'w' and member ~= mine then ahead = ahead + 1 end
end
redis.call('ZADD', KEYS[1], now + INTENT, mine)
if redis.call('PTTL', KEYS[1]) < 60000 then redis.call('PEXPIRE', KEYS[1], LIFE) end
return ahead
"""
)

# KEYS: state. ARGV: write. -> how many of the writers before it have neither finished nor passed their deadline.
AHEAD = (
    _NOW
    + """
local mine = redis.call('ZSCORE', KEYS[1], 'w' .. ARGV[1])
if not mine then return 0 end
local ahead = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '(' .. mine)) do
  if kind(member) == 'w' then ahead = ahead + 1 end
end
return ahead
"""
)

# KEYS: state. ARGV: write, random or '' when nothing was changed, '1' to take the intent back, posts written….
# An intent is left where nobody knows whether the write will still arrive.
FINISH = (
    _CONSTANTS
    + _NOW
    + _RENEW
    + """
local written, stood = {}, false
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local what = kind(member)
  local own = (what == 'w' or what == 'x') and string.sub(member, -16) == ARGV[1]
  if (own and ARGV[3] == '1') or (what == 'g' and ARGV[2] ~= '') then redis.call('ZREM', KEYS[1], member) end
  if what == 'p' then written[#written + 1] = member end
  if what == 'g' and ours(member) then stood = true end
end
if ARGV[2] ~= '' then
  renew(ARGV[2])
  if #ARGV == 3 or not stood then not_all_named() end
end
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], now + WRITTEN, 'p' .. ARGV[i]) end
for i = 1, #written + #ARGV - 3 - MOST_WRITTEN do
  if written[i] then redis.call('ZREM', KEYS[1], written[i]) end
end
return 1
"""
)

# KEYS: state. Does nothing, in an event loop's later turn: by then everything pushed before has left the server.
BARRIER = "return 1"
