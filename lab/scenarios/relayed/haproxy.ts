import type { LabContext } from '../../context.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, write } from '../../sockets.ts';

/** A request through HAProxy in TCP mode to a back end that ends the connection in its own way. */
async function throughProxy(lab: LabContext, ending: 'resetAndDestroy' | 'destroy'): Promise<void> {
  const backend = await listen(lab, {}, lab.ports[1]!);
  const proxy = `defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  ${ending === 'resetAndDestroy' ? 'option nolinger' : ''}
listen front
  bind ${lab.host}:${lab.port}
  server one ${lab.host}:${lab.ports[1]}`;
  await startHaproxy(lab, proxy, lab.port);
  const client = await dial(lab);
  const accepted = await backend.accept();
  await write(client, request('/report'));
  await read(accepted, request('/report').length);
  client.resume();
  accepted[ending]();
  await closed(client);
}

const passedOn: Scenario = defineScenario({
  id: 'relayed/haproxy-both-legs',
  cause: 'relayed',
  kind: 'fires',
  title: 'A back end resets; HAProxy passes the reset on to the client, both legs in the capture',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  resets: 2,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'relayed',
    ...IDENTIFIABLE,
    why: "The back end read the request and called resetAndDestroy(); HAProxy, mode tcp with option nolinger, reset the client's leg. The reset of the back end's own leg is linger-zero, that of the client's leg is relayed",
  },
  run: (lab) => throughProxy(lab, 'resetAndDestroy'),
});

const closedByFin: Scenario = defineScenario({
  id: 'relayed/haproxy-fin',
  cause: 'relayed',
  kind: 'quiet',
  title: 'The back end closes by FIN; HAProxy passes the FIN on',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'destroy() with everything read sends a FIN; HAProxy without nolinger closed the other leg by FIN',
  },
  run: (lab) => throughProxy(lab, 'destroy'),
});

export const scenarios: readonly Scenario[] = [passedOn, closedByFin];
