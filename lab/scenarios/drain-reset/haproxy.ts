import type { Socket } from 'node:net';
import type { LabContext } from '../../context.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, write } from '../../sockets.ts';

/** Four sessions through HAProxy whose only back end is then marked down by its health check. */
async function markDown(lab: LabContext, serverOptions: string): Promise<Socket[]> {
  const backend = await listen(lab, {}, lab.ports[1]!);
  backend.server.on('connection', (socket) => {
    socket.on('data', () => socket.write(response('200 OK', 'hello')));
  });
  const proxy = `defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  ${serverOptions === '' ? '' : 'option nolinger'}
listen front
  bind ${lab.at(lab.port)}
  server one ${lab.at(lab.ports[1]!)} check inter 200ms fall 1 rise 1 ${serverOptions}`;
  await startHaproxy(lab, proxy, lab.port);
  const clients: Socket[] = [];
  while (clients.length < 4) {
    // Half-open: a client that answers HAProxy's FIN at once may come before its RST, which is then never sent.
    const client = await dial(lab, { allowHalfOpen: serverOptions !== '' });
    await write(client, request('/session'));
    await read(client, response('200 OK', 'hello').length);
    client.resume();
    clients.push(client);
  }
  backend.server.close();
  return clients;
}

const shutDown: Scenario = defineScenario({
  id: 'drain-reset/haproxy-marked-down',
  cause: 'drain-reset',
  kind: 'fires',
  title: 'HAProxy cuts four sessions when their back end is marked down',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: 4,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'drain-reset',
    equivalent: ['shutdown-in-flight', 'process-crash'],
    equivalentBecause: "many connections of one listener reset at once: a restart looks the same from the client's leg",
    why: "on-marked-down shutdown-sessions and option nolinger; the back end's listener was closed, its established sessions were fine",
  },
  async run(lab) {
    await markDown(lab, 'on-marked-down shutdown-sessions');
    await lab.resetsCaptured(4);
  },
});

const keptOpen: Scenario = defineScenario({
  id: 'drain-reset/sessions-kept',
  cause: 'drain-reset',
  kind: 'quiet',
  title: 'The back end is marked down, its sessions go on; one client then aborts',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  // Whether the response was complete is in its head, which a shorter snap length cuts off.
  fixed: ['snap'],
  ports: 2,
  capturedPorts: 1,
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'benign-close',
    equivalent: [],
    why: 'Without on-marked-down the sessions stayed; each made another exchange; one client called resetAndDestroy() after it, the others closed by FIN',
  },
  async run(lab) {
    const [first, ...others] = (await markDown(lab, '')) as [Socket, ...Socket[]];
    for (const client of [first, ...others]) {
      const answered = new Promise((resolve) => client.once('data', resolve));
      await write(client, request('/again'));
      await answered;
    }
    first.resetAndDestroy();
    for (const client of others) client.end();
    await Promise.all([first, ...others].map((client) => closed(client)));
  },
});

export const scenarios: readonly Scenario[] = [shutDown, keptOpen];
