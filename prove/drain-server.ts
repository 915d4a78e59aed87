/** One server of the drain proof, a cluster worker: stops on SIGTERM in the way its first argument names. */
import http, { type Server } from 'node:http';
import { createRequire } from 'node:module';
import { createHttpTerminator } from 'http-terminator';
import { drain } from '../src/resilience/server/index.ts';
import { FORCED_MS, IDLE_GRACE_MS, type Shutdown } from './drain-plan.ts';

// It brings no types.
const stoppable = createRequire(import.meta.url)('stoppable') as (
  server: Server,
  graceMs: number,
) => Server & { stop(done: () => void): void };
const [shutdown, port] = process.argv.slice(2) as [Shutdown, string];
const server = http.createServer((request, response) => {
  request.resume().once('end', () => {
    // Some work, so that requests are in flight at any time.
    setTimeout(() => response.end('{"answered":true}'), 1 + Math.random() * 4);
  });
});

const SHUTDOWNS: Readonly<Record<Shutdown, () => void>> = {
  firsthand: () => {
    const stop = drain(server, { propagationDelayMs: 100, idleGraceMs: IDLE_GRACE_MS, deadlineMs: FORCED_MS });
    void stop.finished.then(leave);
  },
  close: () => onTerm(() => server.close(leave)),
  'close + closeAllConnections': () =>
    onTerm(() => {
      server.close(leave);
      server.closeAllConnections();
    }),
  'http-terminator': () => {
    const terminator = createHttpTerminator({ server });
    onTerm(() => void terminator.terminate().then(leave));
  },
  stoppable: () => {
    const stopped = stoppable(server, FORCED_MS);
    onTerm(() => stopped.stop(leave));
  },
  'process.exit': () => onTerm(leave),
};

SHUTDOWNS[shutdown]();
server.listen(Number(port), '127.0.0.1');

function onTerm(stop: () => void): void {
  process.once('SIGTERM', () => {
    // As a supervisor's SIGKILL would.
    setTimeout(leave, FORCED_MS).unref();
    stop();
  });
}

function leave(): void {
  process.exit(0);
}
