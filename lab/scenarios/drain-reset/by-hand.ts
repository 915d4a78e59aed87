import type { Socket } from 'node:net';
import type { LabContext } from '../../context.ts';
import { startHaproxy } from '../../haproxy.ts';
import type { Helper } from '../../helper.ts';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, write } from '../../sockets.ts';

const SESSIONS = 4;

function cut(why: string): Truth {
  return {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'drain-reset',
    equivalent: ['shutdown-in-flight', 'process-crash'],
    equivalentBecause: "many connections of one listener reset at once: a restart looks the same from the client's leg",
    why,
  };
}

/** Sessions through HAProxy that have had an exchange, and HAProxy itself. */
async function sessions(lab: LabContext, global: string): Promise<{ proxy: Helper; clients: Socket[] }> {
  const backend = await listen(lab, {}, lab.ports[1]!);
  backend.server.on('connection', (socket) => {
    socket.on('data', () => socket.write(response('200 OK', 'hello')));
  });
  const sections = `defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  option nolinger
listen front
  bind ${lab.at(lab.port)}
  server one ${lab.at(lab.ports[1]!)}`;
  const proxy = await startHaproxy(lab, sections, lab.port, global);
  const clients: Socket[] = [];
  while (clients.length < SESSIONS) {
    // Half-open: a client that answers HAProxy's FIN at once may come before its RST, which is then never sent.
    const client = await dial(lab, { allowHalfOpen: true });
    await write(client, request('/session'));
    await read(client, response('200 OK', 'hello').length);
    client.resume();
    clients.push(client);
  }
  return { proxy, clients };
}

const byCommand: Scenario = defineScenario({
  id: 'drain-reset/haproxy-shutdown-sessions',
  cause: 'drain-reset',
  kind: 'fires',
  title: 'An operator empties a back end through HAProxy’s socket: four sessions are cut',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: SESSIONS,
  truth: cut('`shutdown sessions server front/one` on the stats socket, and option nolinger'),
  async run(lab) {
    const path = join(lab.directory, 'admin.sock');
    await sessions(lab, `  stats socket ${path} level admin`);
    const admin = connect(path);
    await write(admin, 'shutdown sessions server front/one\n');
    admin.resume();
    await closed(admin);
    await lab.resetsCaptured(SESSIONS);
  },
});

const hardStop: Scenario = defineScenario({
  id: 'drain-reset/haproxy-hard-stop',
  cause: 'drain-reset',
  kind: 'fires',
  title: 'A reloaded HAProxy reaches its hard stop with four sessions left',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: SESSIONS,
  truth: cut('SIGUSR1, as a reload sends it to the old process, hard-stop-after 1s and option nolinger'),
  async run(lab) {
    const { proxy } = await sessions(lab, '  hard-stop-after 1s');
    process.kill(proxy.pid, 'SIGUSR1');
    await lab.resetsCaptured(SESSIONS);
  },
});

export const scenarios: readonly Scenario[] = [byCommand, hardStop];
