// Each script touches one key and leaves none without an expiry. Time is the server's.

/** Compare and set: KEYS value; ARGV `=from` or nothing, to, milliseconds (0: none). */
export const COMPARE_AND_SET = `
local value = redis.call('GET', KEYS[1])
if (value and '=' .. value or '') ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`;

/** Removes the expired members of a group. */
const TRIM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
`;

/** Adds to a group, which lives as long as its last member: KEYS group; ARGV id, milliseconds. */
export const ADD_TO_GROUP = `${TRIM}
if ARGV[2] == '0' then redis.call('ZREM', KEYS[1], ARGV[1])
else redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]))) end
return 1
`;

/** Members of a group: KEYS group. */
export const GROUP_MEMBERS = `${TRIM}
return redis.call('ZRANGE', KEYS[1], 0, -1)
`;
