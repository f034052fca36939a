"""
What is decided inside of Redis, in Lua: each is one step that nothing comes between, by the server's own clock.

A rate is a string, the time when it will be full; places are a sorted set of leases, by the time until which each
holds. What is full or free expires by itself.
"""

_NOW = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local function fill(key, ahead)
  redis.call('SET', key, string.format('%.6f', now + ahead), 'PX', math.ceil(ahead * 1000))
end
local function hold(key, lease, seconds)
  redis.call('ZADD', key, now + seconds, lease)
  redis.call('PEXPIRE', key, math.ceil(seconds * 1000))
end
"""

ENTER = (
    _NOW
    + """
local rates, lease, seconds = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local told, denied, wait = {}, 0, 0
for i = 1, rates do
  local ahead = math.max(tonumber(redis.call('GET', KEYS[i]) or '0') - now, 0)
  local short = ahead - tonumber(ARGV[3 * i + 2])
  if short > wait then denied, wait = i, short end
  told[i] = ahead
end
for i = rates + 1, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  local most = tonumber(ARGV[3 + 2 * rates + i])
  if denied == 0 and redis.call('ZCARD', KEYS[i]) >= most then denied = i end
end
if denied == 0 then
  for i = 1, rates do
    if ARGV[3 * i + 3] == '1' then
      told[i] = told[i] + tonumber(ARGV[3 * i + 1])
      fill(KEYS[i], told[i])
    end
  end
  for i = rates + 1, #KEYS do hold(KEYS[i], lease, seconds) end
end
for i = 1, rates do told[i] = string.format('%.6f', told[i]) end
return {denied, string.format('%.6f', wait), unpack(told)}
"""
)
"""
Keys: rates, then places. Arguments: the number of rates, the lease, for how many seconds it holds; for each rate its
step, how far ahead it may be to have one left, and whether one is taken; for each place how many there may be.

Gives which key has none left, from 1, or 0; seconds until it has; and for each rate how far ahead it is.
"""

LEAVE = (
    _NOW
    + """
local rates, lease, tokens = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
for i = 1, rates do
  local ahead = math.max(tonumber(redis.call('GET', KEYS[i]) or '0') - now, 0)
  fill(KEYS[i], ahead + tokens * tonumber(ARGV[3 + i]))
end
for i = rates + 1, #KEYS do redis.call('ZREM', KEYS[i], lease) end
return 0
"""
)
"""Keys: rates of tokens, then places. Arguments: the number of rates, the lease, the tokens; for each rate its step."""

RENEW = (
    _NOW
    + """
for i = 1, #KEYS do hold(KEYS[i], ARGV[i + 1], tonumber(ARGV[1])) end
return 0
"""
)
"""Keys: places, once for each lease. Arguments: for how many seconds; the leases."""

LOOK = """
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
return 0
"""
"""Whether scripts are run and may write, as not all servers let everybody. Key: any. Argument: for how many seconds."""
