import type { LabContext } from '../../context.ts';
import { another, closeBoth, connected, exchange } from '../../exchange.ts';
import { abortAfterAnswer } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

interface Seen {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  readonly nextSeq: number;
  readonly ack: number;
  readonly window: number;
}

const RST_ACK = 0x14;
/** A device of its own, with its own habits. */
const DEVICE_HABITS = { flags: RST_ACK, ttl: 57, ipId: 40_961, df: false } as const;

/** The router resets both ends of a connection, each in the name of the other, while a second one runs on. */
async function resetBoth(lab: LabContext): Promise<void> {
  const { router, client: clients } = lab.network.puppet;
  const both = await connected(lab);
  const { port: clientPort } = both.client;
  const watched = await router.call('sniff', { device: 'srv0', sourcePort: lab.port, targetPort: clientPort });
  await exchange(both, '/first');
  await exchange(both, '/second');
  await lab.network.acknowledged();
  const other = await another(lab, clients, both.listener);
  await exchange(other, '/before');
  const { nextSeq, ack, window, ...ends } = (await router.call('seen', { id: watched as number })) as Seen;
  const { source, sourcePort, target, targetPort } = ends;
  const inServersName = { source, sourcePort, target, targetPort, seq: nextSeq, ack, window };
  const inClientsName = {
    source: target,
    sourcePort: targetPort,
    target: source,
    targetPort: sourcePort,
    seq: ack,
    ack: nextSeq,
    window,
  };
  for (const numbers of [inServersName, inClientsName]) await router.call('forge', { ...numbers, ...DEVICE_HABITS });
  await Promise.all([both.client.death(), both.accepted.death()]);
  await exchange(other, '/after');
  await exchange(other, '/long-after');
  await closeBoth(other);
}

const ONE_CAPTURE = {
  equivalent: [
    'linger-zero',
    'killed',
    'unread-data',
    'process-crash',
    'policy-abort',
    'client-abort',
    'benign-close',
    'idle-timeout',
  ],
  equivalentBecause:
    'in one capture another TTL, no DF and no timestamps speak against the host, but nothing that anybody did: a host that aborts through another stack looks the same',
} as const;

const bothEnds: Scenario = defineScenario({
  id: 'injected/both-ends',
  cause: 'injected',
  kind: 'fires',
  title: 'A middlebox resets both ends, each in the name of the other: each accuses the other, and neither did it',
  needs: NAMESPACES,
  where: 'namespaces',
  // The forger takes the numbers of the last segment it saw, which must not be a repeated one.
  fixed: ['loss'],
  points: ['client', 'router', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    ...ONE_CAPTURE,
    why: 'After two exchanges the router sent each end a RST+ACK in the name of the other, with the right numbers and a TTL, IP-ID and DF of its own',
  },
  truthAt: {
    server: {
      sender: 'client',
      mechanism: 'forged',
      cause: 'injected',
      ...ONE_CAPTURE,
      why: 'The same, seen by the server: its RST was forged in the client’s name',
    },
  },
  run: resetBoth,
});

/** Translates what leaves towards the server to the router's own address. */
const MASQUERADE = `table inet lab {
    chain postrouting {
      type nat hook postrouting priority 100
      oifname "srv0" masquerade
    }
  }
`;

const translated: Scenario = defineScenario({
  id: 'injected/real-abort-through-nat',
  cause: 'injected',
  kind: 'quiet',
  title: 'The server itself resets, behind a NAT that gives the client another address',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['client', 'router', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: [...abortAfterAnswer('linger-zero').equivalent, 'benign-close'],
    equivalentBecause: 'the response was complete and acknowledged, and consumption is invisible on the wire',
    why: 'Two exchanges, then the server closed with SO_LINGER 0; the router translates the client’s address',
  },
  async run(lab) {
    await lab.network.exec('router', 'nft', ['-f', '-'], MASQUERADE);
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    const other = await another(lab, lab.network.puppet.client, both.listener);
    await exchange(other, '/before');
    await both.accepted.abort();
    await both.client.death();
    await exchange(other, '/after');
    await closeBoth(other);
  },
});

export const scenarios: readonly Scenario[] = [bothEnds, translated];
