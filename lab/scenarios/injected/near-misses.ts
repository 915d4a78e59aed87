import { connected, exchange } from '../../exchange.ts';
import { UNKNOWN_CONNECTION, abortAfterAnswer } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const inARow: Scenario = defineScenario({
  id: 'injected/answers-in-a-row',
  cause: 'injected',
  kind: 'quiet',
  title: 'Several segments in a row meet a host that forgot the connection: one honest RST for each',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server socket was closed under TCP_REPAIR after two exchanges; five writes of the client were on their way at once, and the kernel answered each',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.accepted.vanish();
    await both.client.send('x'.repeat(7000));
    await both.client.death();
    await lab.network.settle();
  },
});

const seenTwice: Scenario = defineScenario({
  id: 'injected/abort-seen-twice',
  cause: 'injected',
  kind: 'quiet',
  title: 'The server aborts; a capture of all devices of the router shows every packet twice, with two TTLs',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['router'],
  device: 'any',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: [...abortAfterAnswer('linger-zero').equivalent, 'benign-close'],
    equivalentBecause: 'the response was complete and acknowledged, and consumption is invisible on the wire',
    why: 'Two exchanges, then the server closed with SO_LINGER 0; tcpdump -i any on the router saw each packet come in and go out',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.accepted.abort();
    await both.client.death();
  },
});

const answerSeenTwice: Scenario = defineScenario({
  id: 'injected/answer-seen-twice',
  cause: 'injected',
  kind: 'quiet',
  title: 'The server’s kernel answers two segments; a capture of all devices of the router shows every packet twice',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['router'],
  device: 'any',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server socket was closed under TCP_REPAIR; tcpdump -i any on the router saw each request and each RST come in and go out',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.accepted.vanish();
    await both.client.send('x'.repeat(2000));
    await both.client.death();
    await lab.network.settle();
  },
});

export const scenarios: readonly Scenario[] = [inARow, seenTwice, answerSeenTwice];
