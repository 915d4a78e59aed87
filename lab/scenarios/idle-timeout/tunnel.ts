import { IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { listen } from '../../sockets.ts';

const UPGRADE =
  'GET /chat HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

const websocket: Scenario = defineScenario({
  id: 'idle-timeout/haproxy-websocket',
  cause: 'idle-timeout',
  kind: 'fires',
  title: 'HAProxy resets a quiet WebSocket after its timeout tunnel, three times',
  needs: [...LOOPBACK, 'python3', 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'idle-timeout',
    ...IDENTIFIABLE,
    why: 'HAProxy, mode http, timeout tunnel 1s and option nolinger: three WebSockets without pings, each reset after a second',
  },
  async run(lab) {
    const backend = await listen(lab, {}, lab.ports[1]!);
    backend.server.on('connection', (socket) => socket.once('data', () => socket.write(SWITCH)));
    const proxy = `defaults
  mode http
  timeout connect 1s
  timeout client 20s
  timeout server 20s
  timeout tunnel 1s
  option nolinger
listen front
  bind ${lab.at(lab.port)}
  server one ${lab.at(lab.ports[1]!)}`;
    await startHaproxy(lab, proxy, lab.port);
    const puppet = await lab.puppet();
    for (let turn = 0; turn < 3; turn++) {
      const client = await puppet.connect(lab.host, lab.port);
      await client.send(UPGRADE);
      await client.receive();
      await client.death();
    }
  },
});

export const scenarios: readonly Scenario[] = [websocket];
