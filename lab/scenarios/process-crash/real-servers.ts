import { memoryGroup } from '../../memory-group.ts';
import { startNodeServer, whileBusy } from '../../node-server.ts';
import { TCP_STATE } from '../../puppet.ts';
import type { PuppetSocket } from '../../puppet.ts';
import { startRedis } from '../../redis.ts';
import { LOOPBACK, NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { servedClients } from '../../served.ts';
import { request } from '../../sockets.ts';

/** The clients of each crash: the first one sets it off, the requests of the others are unread. */
const CLIENTS = 5;

function crash(why: string): Truth {
  return {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'process-crash',
    equivalent: ['shutdown-in-flight', 'unread-data', 'drain-reset'],
    equivalentBecause:
      'only the exit of the process, which is not on the wire, tells a crash from a restart or from a server or proxy that closes everything itself',
    why,
  };
}

/** The others find a RST, the one whose request was read a FIN. */
async function mourn([first, ...others]: readonly PuppetSocket[]): Promise<void> {
  for (const client of others) await client.death();
  await first!.state(TCP_STATE.closeWait);
  await first!.close();
}

const uncaught: Scenario = defineScenario({
  id: 'process-crash/node-uncaught-exception',
  cause: 'process-crash',
  kind: 'fires',
  title: 'A Node server throws on one request and takes four others with it',
  needs: NAMESPACES,
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: CLIENTS - 1,
  truth: crash(
    'An exception in the listener of the first of five requests ended the process; the other four requests were unread',
  ),
  async run(lab) {
    const server = await startNodeServer(
      lab,
      "(asked, answer) => { if (asked.url === '/bad') null.field; answer.end('hello'); }",
    );
    const clients = await servedClients(lab, CLIENTS);
    await whileBusy(server, async () => {
      for (const client of clients) {
        await client.send(request('/bad'));
        await lab.network.settle();
      }
    });
    await mourn(clients);
  },
});

const outOfMemory: Scenario = defineScenario({
  id: 'process-crash/oom-killed',
  cause: 'process-crash',
  kind: 'fires',
  title: 'The kernel kills a Node server that needs more memory than its container may have',
  needs: [...NAMESPACES, 'memory-groups'],
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: CLIENTS - 1,
  truth: crash(
    'One request made the server fill buffers until the out-of-memory killer of its control group (256 MB) ended it; four others had come meanwhile',
  ),
  async run(lab) {
    const confine = memoryGroup(lab.cleanup, 256 * 2 ** 20);
    const server = await startNodeServer(
      lab,
      `(asked, answer) => {
        const parts = [];
        const clock = new Int32Array(new SharedArrayBuffer(4));
        while (asked.url === '/export') { parts.push(Buffer.alloc(2 ** 20, 1)); Atomics.wait(clock, 0, 0, 5); }
        answer.end('hello');
      }`,
    );
    const clients = await servedClients(lab, CLIENTS);
    confine(server.pid);
    await clients[0]!.send(request('/export'));
    await lab.network.settle();
    for (const client of clients.slice(1)) await client.send(request('/work'));
    await mourn(clients);
  },
});

const segfault: Scenario = defineScenario({
  id: 'process-crash/redis-segfault',
  cause: 'process-crash',
  kind: 'fires',
  title: 'Redis crashes with SIGSEGV on one command; the commands of four other clients are unread',
  needs: [...LOOPBACK, 'python3', 'redis'],
  where: 'loopback',
  resets: CLIENTS - 1,
  truth: crash('DEBUG SEGFAULT of the first client; the commands of the other four had arrived behind it'),
  async run(lab) {
    const server = await startRedis(lab, lab.port, ['--enable-debug-command', 'yes', '--crash-memcheck-enabled', 'no']);
    const puppet = await lab.puppet();
    const clients: PuppetSocket[] = [];
    while (clients.length < CLIENTS) {
      const client = await puppet.connect(lab.host, lab.port);
      await client.send('PING\r\n');
      await client.receive();
      clients.push(client);
    }
    await whileBusy(server, async () => {
      await clients[0]!.send('DEBUG SEGFAULT\r\n');
      for (const client of clients.slice(1)) await client.send('GET work\r\n');
    });
    await mourn(clients);
  },
});

export const scenarios: readonly Scenario[] = [uncaught, outOfMemory, segfault];
