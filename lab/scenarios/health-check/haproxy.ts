import { IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, write } from '../../sockets.ts';

const probes: Scenario = defineScenario({
  id: 'health-check/haproxy-tcp-check',
  cause: 'health-check',
  kind: 'fires',
  title: 'HAProxy probes a server every 500 ms and ends each probe by a RST',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: 5,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'health-check',
    ...IDENTIFIABLE,
    why: 'HAProxy `check inter 500ms` against a Node server: connect, and reset at once, without a byte',
  },
  async run(lab) {
    await listen(lab);
    const haproxy = await startHaproxy(
      lab,
      `defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen front
  bind ${lab.at(lab.ports[1]!)}
  server one ${lab.at(lab.port)} check inter 500ms`,
      lab.ports[1]!,
    );
    await lab.resetsCaptured(5);
    await haproxy.stop('SIGKILL');
  },
});

const realClients: Scenario = defineScenario({
  id: 'health-check/short-requests',
  cause: 'health-check',
  kind: 'quiet',
  title: 'Three short client connections with real requests, reset by the client after the answer',
  needs: LOOPBACK,
  where: 'loopback',
  // Whether the response was complete is in its head, which a shorter snap length cuts off.
  fixed: ['snap'],
  resets: 3,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'benign-close',
    equivalent: [],
    why: 'Each client sent a request, read the complete response and called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    for (const path of ['/a', '/b', '/c']) {
      const client = await dial(lab);
      const accepted = await server.accept();
      await write(client, request(path));
      await read(accepted, request(path).length);
      const answer = response('200 OK', `this is ${path}`);
      await write(accepted, answer);
      await read(client, answer.length);
      client.resetAndDestroy();
      accepted.resume();
      await closed(accepted);
    }
  },
});

export const scenarios: readonly Scenario[] = [probes, realClients];
