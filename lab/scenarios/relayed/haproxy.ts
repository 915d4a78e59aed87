import type { LabContext } from '../../context.ts';
import { abortWithoutAnswer, IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { closed, dial, listen, read, request, write } from '../../sockets.ts';

interface Settings {
  /** Lines of the proxy's section. */
  readonly options?: string;
  /** Behind the address of the back end. */
  readonly server?: string;
}

/** Who ends the connection behind or before the proxy, and how. */
type Ending = 'back end resets' | 'back end closes' | 'client resets';

/** A request through HAProxy in TCP mode; then one end leaves. */
async function throughProxy(lab: LabContext, ending: Ending, settings: Settings = {}): Promise<void> {
  const backend = await listen(lab, {}, lab.ports[1]!);
  const proxy = `defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  ${settings.options ?? ''}
listen front
  bind ${lab.at(lab.port)}
  server one ${lab.at(lab.ports[1]!)} ${settings.server ?? ''}`;
  await startHaproxy(lab, proxy, lab.port);
  const client = await dial(lab);
  const accepted = await backend.accept();
  await write(client, request('/report'));
  await read(accepted, request('/report').length);
  client.resume();
  accepted.resume();
  if (ending === 'client resets') client.resetAndDestroy();
  else if (ending === 'back end resets') accepted.resetAndDestroy();
  else accepted.destroy();
  await closed(ending === 'client resets' ? accepted : client);
}

const backEndReset: Truth = {
  sender: 'server',
  mechanism: 'active-abort',
  cause: 'linger-zero',
  ...abortWithoutAnswer('linger-zero'),
  why: 'The back end read the request and called resetAndDestroy()',
};

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
    earlier: [backEndReset],
  },
  run: (lab) => throughProxy(lab, 'back end resets', { options: 'option nolinger' }),
});

const announced: Scenario = defineScenario({
  id: 'relayed/haproxy-send-proxy',
  cause: 'relayed',
  kind: 'fires',
  title: 'The same with send-proxy: the far leg carries more bytes than the near one',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  resets: 2,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'relayed',
    ...IDENTIFIABLE,
    why: 'As before; HAProxy puts a PROXY header with the client’s address and port before the request on the far leg',
    earlier: [backEndReset],
  },
  run: (lab) => throughProxy(lab, 'back end resets', { options: 'option nolinger', server: 'send-proxy' }),
});

const clientLeft: Scenario = defineScenario({
  id: 'relayed/haproxy-client-leaves',
  cause: 'relayed',
  kind: 'fires',
  title: 'A client resets; HAProxy passes the reset on to the back end, both legs in the capture',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  ports: 2,
  resets: 2,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'relayed',
    ...IDENTIFIABLE,
    why: 'The client called resetAndDestroy() while it waited for the answer; HAProxy, mode tcp with option nolinger, reset the leg to the back end',
    earlier: [
      {
        sender: 'client',
        mechanism: 'active-abort',
        cause: 'client-abort',
        ...IDENTIFIABLE,
        why: 'The client called resetAndDestroy() while it waited for the answer',
      },
    ],
  },
  run: (lab) => throughProxy(lab, 'client resets', { options: 'option nolinger' }),
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
  run: (lab) => throughProxy(lab, 'back end closes'),
});

export const scenarios: readonly Scenario[] = [passedOn, announced, clientLeft, closedByFin];
