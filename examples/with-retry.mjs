/** withRetry for any network call, here a line protocol over TCP: what is repeated, and what is not. node examples/with-retry.mjs */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ConnectionError, withRetry } from 'firsthand/client';

let failures = 0;
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (line) => {
    if (failures-- > 0) socket.resetAndDestroy();
    else socket.end(`done ${line}`);
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();

/** One call: a connection of its own, a line there and a line back. */
async function call(line, signal) {
  const socket = connect(port, '127.0.0.1');
  signal.addEventListener('abort', () => socket.destroy(signal.reason), { once: true });
  socket.end(`${line}\n`);
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
  return answer.trim();
}

async function tell(what, failuresFirst, options) {
  failures = failuresFirst;
  let attempts = 0;
  try {
    const run = ({ attempt, signal }) => call(what, ((attempts = attempt), signal));
    console.log(`${await withRetry(run, { minDelayMs: 10, ...options })}, attempts: ${attempts}`);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    console.log(`${what}: ${error.code}, attempts: ${error.attempts.length}, ${error.execution}, retry ${error.retry}`);
  }
}

await tell('read', 2, { idempotent: true });
await tell('add 1', 1, { idempotent: false });
await tell('read', Infinity, { idempotent: true, maxAttempts: 3 });
server.close();
await once(server, 'close');
// Nothing listens any more. A refused connection carried nothing, so that is repeated whatever it is.
await tell('add 1', 0, { idempotent: false, maxAttempts: 2 });
