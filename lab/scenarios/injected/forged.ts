import { connected, exchange } from '../../exchange.ts';
import type { Connected } from '../../exchange.ts';
import type { LabContext } from '../../context.ts';
import { IDENTIFIABLE, UNKNOWN_CONNECTION, abortAfterAnswer } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

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

/** Two exchanges watched by the router, which then forges a RST+ACK of the server's, `ahead` bytes off the right place. */
async function inject(lab: LabContext, ahead: number): Promise<Connected> {
  const router = lab.network.puppet.router;
  const watched = await router.call('sniff', { device: 'srv0', sourcePort: lab.port, targetPort: 0 });
  const both = await connected(lab);
  await exchange(both, '/first');
  await exchange(both, '/second');
  const seen = (await router.call('seen', { id: watched as number })) as Seen;
  await router.call('forge', {
    source: seen.source,
    sourcePort: seen.sourcePort,
    target: seen.target,
    targetPort: seen.targetPort,
    seq: seen.nextSeq + ahead,
    ack: seen.ack,
    flags: RST_ACK,
    window: seen.window,
    ttl: 57,
    ipId: 40_961,
    df: false,
  });
  return both;
}

const accepted: Scenario = defineScenario({
  id: 'injected/right-sequence',
  cause: 'injected',
  kind: 'fires',
  title: 'A middlebox forges a RST of the server; the server, which knows nothing, talks on',
  needs: NAMESPACES,
  where: 'namespaces',
  // The forger takes the numbers of the last segment it saw, which must not be a repeated one.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    ...IDENTIFIABLE,
    why: "The router sent the client a RST+ACK in the server's name with the right sequence number, the window copied, another TTL and IP-ID and no DF; the server sent data 200 ms later",
  },
  truthAt: {
    server: {
      sender: 'client',
      mechanism: 'passive-answer',
      cause: 'no-socket',
      ...UNKNOWN_CONNECTION,
      why: 'The forged RST went to the client only; what the server sees is the bare RST with which the client answered the later data',
    },
  },
  async run(lab) {
    const both = await inject(lab, 0);
    await both.client.death();
    await pause(200);
    await both.accepted.send('event: tick\n\n');
    await both.accepted.death();
  },
});

const ignored: Scenario = defineScenario({
  id: 'injected/wrong-sequence-ignored',
  cause: 'injected',
  kind: 'fires',
  title: 'A forged RST with a wrong sequence number: challenge ACK, and the connection goes on',
  needs: NAMESPACES,
  where: 'namespaces',
  // The forger takes the numbers of the last segment it saw, which must not be a repeated one.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: { client: 1, server: 0 },
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    ...IDENTIFIABLE,
    why: 'The same forged RST+ACK, 1000 bytes ahead of the right place; the client answered by a challenge ACK and two more exchanges followed',
  },
  async run(lab) {
    const both = await inject(lab, 1000);
    await pause(100);
    await exchange(both, '/third');
    await exchange(both, '/fourth');
    await both.client.close();
    await both.accepted.call('drain');
    await both.accepted.close();
  },
});

const real: Scenario = defineScenario({
  id: 'injected/real-abort',
  cause: 'injected',
  kind: 'quiet',
  title: 'The server itself resets after the same exchanges',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: [...abortAfterAnswer('linger-zero').equivalent, 'benign-close'],
    equivalentBecause: 'the response was complete and acknowledged, and consumption is invisible on the wire',
    why: 'Two exchanges, then the server closed with SO_LINGER 0',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.accepted.abort();
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [accepted, ignored, real];
