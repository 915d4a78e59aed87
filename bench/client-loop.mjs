/**
 * One client of the client bench, in a process of its own, so that nothing of ours is loaded beside bare undici.
 * `KIND WHO PORT BUILT`; each message says how many operations to do and how many at once, and is answered with what
 * they took.
 */
import { randomUUID } from 'node:crypto';

const [kind, who, port, built] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const body = JSON.stringify({ order: 42, lines: Array.from({ length: 8 }, (_, at) => ({ item: at, count: 1 })) });
const ask = { fetch: asksByFetch, request: asksByRequest }[kind](await start());

process.on('message', async (order) => process.send(await round(order)));
process.on('disconnect', () => process.exit());
process.send('ready');

/** The dispatcher and its fetch; only `ours` and `heard` (onAttempt listens) load what is measured. */
async function start() {
  if (who === 'ours') {
    const { createClient } = await import(built);
    return createClient();
  }
  if (who === 'heard') {
    const { createClient } = await import(built);
    return createClient({ onAttempt() {} });
  }
  const { Agent, fetch } = await import('undici');
  const dispatcher = new Agent();
  return { dispatcher, fetch: (url, init) => fetch(url, { ...init, dispatcher }) };
}

/** Every other request is a POST. */
function asksByFetch({ fetch }) {
  return async (n) => (await fetch(`${origin}/a`, n % 2 === 0 ? { method: 'GET' } : post())).text();
}

function asksByRequest({ dispatcher }) {
  return async (n) => {
    const more = n % 2 === 0 ? { method: 'GET' } : post();
    return (await dispatcher.request({ origin, path: '/a', ...more })).body.text();
  };
}

function post() {
  const headers = { 'content-type': 'application/json' };
  if (who === 'keyed') headers['idempotency-key'] = `"${randomUUID()}"`;
  return { method: 'POST', body, headers };
}

async function round({ operations, atOnce }) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  let n = 0;
  const worker = async () => {
    while (n < operations) await ask(n++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  return { wallMs, cpuMs: (user + system) / 1000 };
}
