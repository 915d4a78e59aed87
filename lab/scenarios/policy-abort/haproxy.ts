import type { LabContext } from '../../context.ts';
import { abortWithoutAnswer, UNKNOWN_CONNECTION } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, request, write } from '../../sockets.ts';
import { pause } from '../../wait.ts';

/** One request to HAProxy with these rules in its frontend; it has no back end. */
async function ask(lab: LabContext, mode: 'tcp' | 'http', rules: string): Promise<void> {
  const proxy = `defaults
  mode ${mode}
  timeout connect 1s
  timeout client 10s
  timeout server 10s
listen front
  bind ${lab.at(lab.port)}
  ${rules}`;
  await startHaproxy(lab, proxy, lab.port);
  const client = await dial(lab);
  await write(client, request('/admin'));
  client.resume();
  await closed(client);
}

const atOnce: Scenario = defineScenario({
  id: 'policy-abort/haproxy-connection-reject',
  cause: 'policy-abort',
  kind: 'fires',
  title: 'HAProxy rejects the connection by its address, before a byte is read',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'policy-abort',
    equivalent: ['linger-zero', 'process-crash'],
    equivalentBecause:
      'whether a rule or an accident closed a connection without a byte with SO_LINGER 0 is invisible on the wire',
    why: 'tcp-request connection reject; the client had sent nothing yet',
  },
  async run(lab) {
    await startHaproxy(
      lab,
      `defaults\n  mode tcp\n  timeout client 10s\n  timeout connect 1s\n  timeout server 10s\nlisten front\n  bind ${lab.at(lab.port)}\n  tcp-request connection reject`,
      lab.port,
    );
    // The RST may overtake the news that the connection was established.
    await dial(lab).then(closed, () => {});
  },
});

const rejected: Scenario = defineScenario({
  id: 'policy-abort/haproxy-http-reject',
  cause: 'policy-abort',
  kind: 'fires',
  title: 'HAProxy rejects a request by its path, without an answer and without lingering',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'policy-abort',
    ...abortWithoutAnswer('policy-abort'),
    why: 'http-request reject if { path_beg /admin } with option nolinger: a FIN and a RST behind it',
  },
  run: (lab) => ask(lab, 'http', 'option nolinger\n  http-request reject if { path_beg /admin }'),
});

const denied: Scenario = defineScenario({
  id: 'policy-abort/haproxy-deny',
  cause: 'policy-abort',
  kind: 'quiet',
  title: 'HAProxy answers the same request by 403',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'http-request deny if { path_beg /admin }: 403 and a FIN',
  },
  run: (lab) => ask(lab, 'http', 'option httpclose\n  http-request deny if { path_beg /admin }'),
});

const dropped: Scenario = defineScenario({
  id: 'policy-abort/haproxy-silent-drop',
  cause: 'policy-abort',
  kind: 'quiet',
  title: 'HAProxy drops the connection without a word; its kernel answers the next request by a bare RST',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'http-request silent-drop removed the socket under TCP_REPAIR; the client wrote again 200 ms later. It was a rule, but the packets show only a socket that is gone',
  },
  async run(lab) {
    await startHaproxy(
      lab,
      `defaults\n  mode http\n  timeout client 10s\n  timeout connect 1s\n  timeout server 10s\nlisten front\n  bind ${lab.at(lab.port)}\n  http-request silent-drop if { path_beg /admin }`,
      lab.port,
    );
    const client = await dial(lab);
    await write(client, request('/admin'));
    client.resume();
    await pause(200);
    await write(client, request('/again'));
    await closed(client);
  },
});

export const scenarios: readonly Scenario[] = [atOnce, rejected, denied, dropped];
