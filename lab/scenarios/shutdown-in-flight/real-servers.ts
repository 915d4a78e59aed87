import { startNginx } from '../../nginx.ts';
import { startNodeServer, whileBusy } from '../../node-server.ts';
import type { LabContext } from '../../context.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { servedClients } from '../../served.ts';
import { request } from '../../sockets.ts';

const CLIENTS = 6;
const ANSWER = "(asked, answer) => answer.end('hello')";

function deployment(why: string): Truth {
  return {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'shutdown-in-flight',
    equivalent: ['process-crash', 'drain-reset'],
    equivalentBecause:
      'only the exit of the process, which is not on the wire, tells a restart from a crash with a supervisor or from a proxy that cuts its sessions',
    why,
  };
}

async function servedBySuccessor(lab: LabContext): Promise<void> {
  const [next] = await servedClients(lab, 1);
  await next!.close();
}

const node: Scenario = defineScenario({
  id: 'shutdown-in-flight/node-deployment',
  cause: 'shutdown-in-flight',
  kind: 'fires',
  title: 'A deployment ends a Node server by SIGTERM while six requests wait for its event loop',
  needs: NAMESPACES,
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: CLIENTS,
  truth: deployment(
    'A Node HTTP server without a handler for SIGTERM, busy when six requests came; the signal ended it with all of them unread, and its successor served the next one',
  ),
  async run(lab) {
    const server = await startNodeServer(lab, ANSWER);
    const clients = await servedClients(lab, CLIENTS);
    await whileBusy(server, async () => {
      for (const client of clients) await client.send(request('/work'));
      await lab.network.settle();
      // It is delivered when the process wakes up, before a line of its code runs.
      process.kill(server.pid, 'SIGTERM');
    });
    await startNodeServer(lab, ANSWER);
    for (const client of clients) await client.death();
    await servedBySuccessor(lab);
  },
});

const nginx: Scenario = defineScenario({
  id: 'shutdown-in-flight/nginx-fast-stop',
  cause: 'shutdown-in-flight',
  kind: 'fires',
  title: 'nginx is stopped instead of drained while six requests wait for its worker',
  needs: [...NAMESPACES, 'nginx'],
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: CLIENTS,
  truth: deployment(
    'SIGTERM, nginx’s fast shutdown, reached its busy worker with six requests unread; a new nginx served the next one',
  ),
  async run(lab) {
    const start = () =>
      startNginx(lab, 'location / { return 200 hello; }', { host: 'server', main: 'master_process off;' });
    const server = await start();
    const clients = await servedClients(lab, CLIENTS);
    await whileBusy(server, async () => {
      for (const client of clients) await client.send(request('/work'));
      await lab.network.settle();
      process.kill(server.pid, 'SIGTERM');
    });
    for (const client of clients) await client.death();
    await start();
    await servedBySuccessor(lab);
  },
});

export const scenarios: readonly Scenario[] = [node, nginx];
