/** The scripts of redisStore. One key each, so they run on a cluster; the clock is the server's. */
import { createHash } from 'node:crypto';

/** A script and the digest it is called by. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

// f fingerprint, t token, l lease until (ms), h head of the answer, b body of the answer.
const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

// A claim that is sent again after a reconnect finds its own token: it is still the claim.
/** ARGV: token, fingerprint, lease ms, ms that a key of unknown outcome is kept, 1 to take such a key over. */
export const CLAIM: Script = script(`${NOW}
local r = redis.call('HMGET', KEYS[1], 'f', 't', 'l', 'h', 'b')
if r[1] then
  if r[1] ~= ARGV[2] then return {'mismatch'} end
  if r[4] then return {'done', r[4], r[5] or false} end
  if r[2] ~= ARGV[1] then
    if tonumber(r[3]) > now then return {'in-progress'} end
    if ARGV[5] ~= '1' then return {'outcome-unknown'} end
  end
end
redis.call('HSET', KEYS[1], 'f', ARGV[2], 't', ARGV[1], 'l', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[4])
return {'claimed'}
`);

/** ARGV: token, head, ttl ms, and the body if it is kept. 1: stored, now or by the same call before a reconnect. */
export const COMPLETE: Script = script(`
local r = redis.call('HMGET', KEYS[1], 't', 'h', 'b')
if r[1] ~= ARGV[1] then return 0 end
if r[2] then return (r[2] == ARGV[2] and (r[3] or nil) == ARGV[4]) and 1 or 0 end
redis.call('HSET', KEYS[1], 'h', ARGV[2])
if ARGV[4] then redis.call('HSET', KEYS[1], 'b', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`);

/** ARGV: token. */
export const RELEASE: Script = script(`
local r = redis.call('HMGET', KEYS[1], 't', 'h')
if r[1] ~= ARGV[1] or r[2] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** ARGV: token, lease ms, ms that a key of unknown outcome is kept. */
export const RENEW: Script = script(`${NOW}
local r = redis.call('HMGET', KEYS[1], 't', 'h')
if r[1] ~= ARGV[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], 'l', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
return 1
`);

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
