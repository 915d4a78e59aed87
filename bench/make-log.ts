/**
 * A log of any size with known contents: access and error lines of nginx mixed with lines of three applications, about one
 * in a hundred of them a failure that `explain` knows. The same seed and size give the same bytes.
 */
import * as fs from 'node:fs';

/** What a generated log holds. */
export interface LogTruth {
  readonly seed: number;
  readonly bytes: number;
  readonly lines: number;
  /** Lines that tell of a connection's failure. */
  readonly failures: number;
}

const PIECE_LEN = 1 << 20;
const FAILURE_SHARE = 0.01;
/** 2026-11-20T00:00:00Z; some forty lines a second from there. */
const START_MS = 1_795_132_800_000;
const MEAN_STEP_MS = 25;

/** Writes whole lines until the file has `bytes` or somewhat more. */
export function makeLog(file: string, bytes: number, seed: number): LogTruth {
  const fd = fs.openSync(file, 'wx', 0o600);
  try {
    const random = createRandom(seed);
    let [written, lines, failures, ms] = [0, 0, 0, START_MS];
    while (written < bytes) {
      let piece = '';
      while (piece.length < Math.min(PIECE_LEN, bytes - written)) {
        ms += random(2 * MEAN_STEP_MS);
        const isFailure = random(1e6) < FAILURE_SHARE * 1e6;
        const kinds = isFailure ? FAILURES : ORDINARY;
        piece += `${kinds[random(kinds.length)]!(new Date(ms), random)}\n`;
        lines++;
        if (isFailure) failures++;
      }
      written += fs.writeSync(fd, piece, null, 'latin1');
    }
    return { seed, bytes: written, lines, failures };
  } finally {
    fs.closeSync(fd);
  }
}

/** A whole number from 0 up to but not including `below`. */
type Random = (below: number) => number;
type Line = (at: Date, random: Random) => string;

/** Marsaglia's xorshift with 32 bits of state. */
function createRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Access lines are the most of any such log: they stand here several times. */
const ORDINARY: readonly Line[] = [access, access, access, access, json, json, spring, python];

const FAILURES: readonly Line[] = [
  (at, random) =>
    nginxError(at, random, 'recv() failed (104: Connection reset by peer) while reading response header from upstream'),
  (at, random) =>
    nginxError(
      at,
      random,
      'upstream timed out (110: Connection timed out) while reading response header from upstream',
    ),
  (at, random) => nginxError(at, random, 'connect() failed (111: Connection refused) while connecting to upstream'),
  (at, random) =>
    nginxError(at, random, 'upstream prematurely closed connection while reading response header from upstream'),
  (at, random) => json(at, random, 50, 'request failed', `,"err":{"code":"ECONNRESET","message":"read ECONNRESET"}`),
  (at, random) => json(at, random, 50, 'request failed', `,"err":{"type":"Error","message":"socket hang up"}`),
  (at, random) => spring(at, random, 'java.net.SocketException: Connection reset'),
  (at, random) => python(at, random, `ConnectionResetError: [Errno 104] Connection reset by peer`),
];

const PATHS = [
  '/',
  '/login',
  '/api/v1/orders',
  '/api/v1/users',
  '/static/app.4f2a.js',
  '/health',
  '/search',
  '/cart/items',
];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148',
  'curl/8.5.0',
  'kube-probe/1.31',
];
const STATUSES = [200, 200, 200, 200, 200, 200, 201, 204, 301, 304, 404, 401];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function access(at: Date, random: Random): string {
  const size = random(60_000);
  const method = random(5) === 0 ? 'POST' : 'GET';
  const day = `${pad(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]!}/${at.getUTCFullYear()}`;
  return `${client(random)} - - [${day}:${clock(at)} +0000] "${method} ${url(random)} HTTP/1.1" ${pick(STATUSES, random)} ${size} "https://shop.example.com${pick(PATHS, random)}" "${pick(AGENTS, random)}"`;
}

function nginxError(at: Date, random: Random, what: string): string {
  const day = `${at.getUTCFullYear()}/${pad(at.getUTCMonth() + 1)}/${pad(at.getUTCDate())}`;
  const path = url(random);
  return `${day} ${clock(at)} [error] ${1000 + random(4)}#0: *${random(1e6)} ${what}, client: ${client(random)}, server: shop.example.com, request: "GET ${path} HTTP/1.1", upstream: "http://${upstream(random)}${path}", host: "shop.example.com"`;
}

const SAID = [
  'request completed',
  'user logged in',
  'cache refreshed',
  'order stored',
  'job finished',
  'connection accepted',
];

function json(at: Date, random: Random, level = 30, said = pick(SAID, random), more = ''): string {
  return `{"level":${level},"time":${at.getTime()},"pid":${100 + random(8)},"hostname":"app-${random(4)}","reqId":"req-${random(1e6).toString(36)}","req":{"method":"GET","url":"${url(random)}","remoteAddress":"${client(random)}","remotePort":${32_768 + random(28_000)}},"responseTime":${random(400)}.${random(1000)},"msg":"${said}"${more}}`;
}

const CLASSES = [
  'c.e.shop.OrderService',
  'c.e.shop.CartController',
  'o.h.e.j.s.SqlExceptionHelper',
  'c.e.pay.PaymentClient',
];
const SENTENCES = [
  'Fetched 24 rows for customer',
  'Published event OrderPlaced with key',
  'HikariPool-1 - Pool stats (total=10, active=2, idle=8, waiting=0) after request',
  'Retrying is not needed, response was cached under id',
];

function spring(at: Date, random: Random, said = `${pick(SENTENCES, random)} ${random(1e6)}`): string {
  return `${iso(at)} ${said.startsWith('java') ? 'ERROR' : ' INFO'} 1 --- [nio-8080-exec-${random(20)}] ${pick(CLASSES, random).padEnd(32)} : ${said}`;
}

const STEPS = [
  'Task worker.tasks.send_mail succeeded in 0.41s: None',
  'Starting new HTTPS connection (1): api.example.com:443',
  'https://api.example.com:443 "GET /v1/rates HTTP/1.1" 200 512',
  'Processed batch of 128 messages, 0 left',
];

function python(at: Date, random: Random, said = pick(STEPS, random)): string {
  return `${iso(at).replace('T', ' ').replace('.', ',').replace('Z', '')} - worker.${random(6)} - ${said.includes('Error') ? 'ERROR' : 'DEBUG'} - ${said}`;
}

function url(random: Random): string {
  const path = pick(PATHS, random);
  return random(3) === 0 ? `${path}/${random(1e6)}` : random(3) === 0 ? `${path}?page=${random(50)}&sort=name` : path;
}

function client(random: Random): string {
  return `203.0.${random(114)}.${1 + random(254)}`;
}

function upstream(random: Random): string {
  return `10.0.0.${5 + random(3)}:8080`;
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[random(from.length)]!;
}

function iso(at: Date): string {
  return at.toISOString();
}

function clock(at: Date): string {
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
