/**
 * Servers that accept and cannot serve. The kernel's own shortages (TCP_ABORT_ON_MEMORY) have no scenario: tcp_mem and
 * tcp_max_orphans are one for the whole machine, and lowering them would reset what others have open there.
 */
import { startNginx } from '../../nginx.ts';
import { startNodeServer, whileBusy } from '../../node-server.ts';
import type { LabContext } from '../../context.ts';
import { AS_POSTGRES, PG_STARTUP, startPostgres } from '../../postgres.ts';
import type { PuppetSocket } from '../../puppet.ts';
import { runCommand } from '../../helper.ts';
import type { Helper } from '../../helper.ts';
import { LOOPBACK, NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { ask, servedClients } from '../../served.ts';
import { request } from '../../sockets.ts';

const ANSWER = "(asked, answer) => answer.end('hello')";
/** What a leak of descriptors leaves: room for two connections. */
const LEAK = `
  const files = [];
  try { for (;;) files.push(fs.openSync('/dev/null')); } catch {}
  for (const file of files.slice(0, 2)) fs.closeSync(file);
`;

function shortage(why: string): Truth {
  return {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'resource-exhaustion',
    equivalent: ['unread-data', 'linger-zero', 'policy-abort', 'process-crash'],
    equivalentBecause:
      'a server that is short of something accepts and closes with the request unread, as one does that has a rule against it or a defect; what it is short of is in its log and not on the wire',
    why,
  };
}

/** One client after the other: its request waits in its socket when the server accepts and has no place for it. */
async function turnedAway(lab: LabContext, server: Helper, kept: () => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    let client: PuppetSocket | undefined;
    await whileBusy(server, async () => {
      client = await lab.network.puppet.client.connect(lab.host, lab.port);
      await client.send(request('/work'));
      await lab.network.settle();
    });
    await client!.death();
    await kept();
  }
}

const node: Scenario = defineScenario({
  id: 'resource-exhaustion/node-out-of-descriptors',
  cause: 'resource-exhaustion',
  kind: 'fires',
  title: 'A Node server has leaked its descriptors: libuv accepts each new connection and closes it at once',
  needs: NAMESPACES,
  where: 'namespaces',
  // The request must have arrived, and nothing but its arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 2,
  truth: shortage(
    'All but two of 64 descriptors were open files; two connections were served and went on being served; of two more accept() failed with EMFILE, upon which libuv gives up its spare descriptor to accept and close them, with their requests unread',
  ),
  async run(lab) {
    const server = await startNodeServer(lab, ANSWER, { before: LEAK, limits: ['--nofile=64'] });
    const [kept] = await servedClients(lab, 2);
    await turnedAway(lab, server, () => ask(kept!));
  },
});

const enough: Scenario = defineScenario({
  id: 'resource-exhaustion/node-with-descriptors',
  cause: 'resource-exhaustion',
  kind: 'quiet',
  title: 'The same Node server with its descriptors: all four clients are served',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 0,
  truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'Nothing was short; the clients closed' },
  async run(lab) {
    await startNodeServer(lab, ANSWER, { limits: ['--nofile=64'] });
    for (const client of await servedClients(lab, 4)) await client.close();
  },
});

const nginx: Scenario = defineScenario({
  id: 'resource-exhaustion/nginx-out-of-connections',
  cause: 'resource-exhaustion',
  kind: 'fires',
  title: 'nginx has no worker_connections left and closes what it accepts',
  needs: [...NAMESPACES, 'nginx'],
  where: 'namespaces',
  // The request must have arrived, and nothing but its arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 2,
  truth: shortage(
    'worker_connections 4: slow clients with half a header held all that the listener left, and nginx logged "worker_connections are not enough" for two more, whose requests waited unread',
  ),
  async run(lab) {
    const server = await startNginx(lab, 'location / { return 200 hello; }', {
      main: 'master_process off;',
      workerConnections: 4,
      host: 'server',
    });
    const { client: clients } = lab.network.puppet;
    for (let place = 0; place < 3; place++) {
      const slow = await clients.connect(lab.host, lab.port);
      await slow.send('GET /slow HTTP/1.1\r\nHost: lab');
    }
    await lab.network.settle();
    await turnedAway(lab, server, async () => {});
  },
});

const postgres: Scenario = defineScenario({
  id: 'resource-exhaustion/postgres-cannot-fork',
  cause: 'resource-exhaustion',
  kind: 'fires',
  title: 'PostgreSQL may start no further process: it says so and closes with the startup packet unread',
  needs: [...LOOPBACK, 'python3', 'postgres'],
  where: 'loopback',
  resets: 2,
  truth: {
    ...shortage(
      'RLIMIT_NPROC of the postmaster was used up: fork() failed with EAGAIN, "could not fork new process for connection" was sent, and close() met the unread startup packet',
    ),
    equivalent: ['unread-data', 'linger-zero', 'policy-abort', 'process-crash', 'payload-rejected'],
  },
  async run(lab) {
    const server = await startPostgres(lab, []);
    // As its own user: another one's limits are nobody's to change in a container.
    await runCommand('setpriv', [...AS_POSTGRES, 'prlimit', '--pid', String(server.pid), '--nproc=1']);
    const puppet = await lab.puppet();
    for (let turn = 0; turn < 2; turn++) {
      let client: PuppetSocket | undefined;
      await whileBusy(server, async () => {
        client = await puppet.connect(lab.host, lab.port);
        await client.send(PG_STARTUP);
      });
      await client!.death();
    }
  },
});

export const scenarios: readonly Scenario[] = [node, enough, nginx, postgres];
