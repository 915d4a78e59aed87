import { IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { startNginx } from '../../nginx.ts';
import { TCP_STATE } from '../../puppet.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { listen, request, response } from '../../sockets.ts';
import type { LabContext } from '../../context.ts';

/** Three connections, one after the other: an exchange, then quiet until the proxy ends it. */
async function exchangeThenQuiet(lab: LabContext, tcpOptions: string): Promise<void> {
  const backend = await listen(lab, {}, lab.ports[1]!);
  backend.server.on('connection', (socket) => {
    socket.on('data', () => socket.write(response('200 OK', 'hello')));
  });
  const proxy = `defaults
  mode tcp
  timeout connect 1s
  timeout client 2s
  timeout server 20s
  ${tcpOptions}
listen front
  bind ${lab.at(lab.port)}
  server one ${lab.at(lab.ports[1]!)}`;
  await startHaproxy(lab, proxy, lab.port);
  const puppet = await lab.puppet();
  for (let turn = 0; turn < 3; turn++) {
    const client = await puppet.connect(lab.host, lab.port);
    await client.send(request('/poll'));
    await client.receive();
    if (tcpOptions === '') await client.state(TCP_STATE.closeWait).then(() => client.close());
    else await client.death();
  }
}

const haproxyResets: Scenario = defineScenario({
  id: 'idle-timeout/haproxy-tcp',
  cause: 'idle-timeout',
  kind: 'fires',
  title: 'HAProxy resets a quiet TCP session after two seconds, three times',
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
    why: 'HAProxy, mode tcp, timeout client 2s and option nolinger: three connections, each quiet for two seconds after one exchange, each reset',
  },
  run: (lab) => exchangeThenQuiet(lab, 'option nolinger'),
});

const haproxyCloses: Scenario = defineScenario({
  id: 'idle-timeout/haproxy-fin',
  cause: 'idle-timeout',
  kind: 'quiet',
  title: 'The same HAProxy without nolinger closes the quiet session by FIN',
  needs: [...LOOPBACK, 'python3', 'haproxy'],
  where: 'loopback',
  ports: 2,
  capturedPorts: 1,
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'HAProxy, mode tcp, timeout client 2s: three quiet connections closed by FIN, and the client closed too',
  },
  run: (lab) => exchangeThenQuiet(lab, ''),
});

const nginxResets: Scenario = defineScenario({
  id: 'idle-timeout/nginx-slow-header',
  cause: 'idle-timeout',
  kind: 'fires',
  title: 'nginx resets connections whose request header does not come to its end',
  needs: [...LOOPBACK, 'python3', 'nginx'],
  where: 'loopback',
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'idle-timeout',
    ...IDENTIFIABLE,
    why: 'nginx with client_header_timeout 2s and reset_timedout_connection on: three clients sent half a header, stayed quiet and were reset',
  },
  async run(lab) {
    await startNginx(lab, 'client_header_timeout 2s; reset_timedout_connection on; location / { return 200 ok; }');
    const puppet = await lab.puppet();
    for (let turn = 0; turn < 3; turn++) {
      const client = await puppet.connect(lab.host, lab.port);
      await client.send('GET /half HTTP/1.1\r\nHost: lab');
      await client.death();
    }
  },
});

export const scenarios: readonly Scenario[] = [haproxyResets, haproxyCloses, nginxResets];
