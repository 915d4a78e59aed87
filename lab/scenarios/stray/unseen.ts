import { connected, exchange } from '../../exchange.ts';
import { abortAfterAnswer, IDENTIFIABLE } from '../../equivalents.ts';
import type { LabContext } from '../../context.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const SYN = 0x02;
const FORGED_PORT = 40_123;

/** A SYN in the client's name that the client never sent: the router's, to the server. */
async function forgeSyn(lab: LabContext): Promise<void> {
  await lab.network.puppet.router.call('forge', {
    source: lab.network.address.client,
    sourcePort: FORGED_PORT,
    target: lab.host,
    targetPort: lab.port,
    seq: 1_000_000,
    ack: 0,
    flags: SYN,
    window: 64_240,
    syn: true,
  });
}

const late: Scenario = defineScenario({
  id: 'stray/late-capture',
  cause: 'stray',
  kind: 'fires',
  title: 'The capture begins after the last answer and shows nothing but the RST',
  needs: NAMESPACES,
  where: 'namespaces',
  late: true,
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'stray',
    ...IDENTIFIABLE,
    why: 'Two exchanges, then the capture began, then the server closed with SO_LINGER 0',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await lab.network.settle();
    await lab.beginCapture();
    await both.accepted.abort();
    await both.client.death();
  },
});

const refusedForSomebodyElse: Scenario = defineScenario({
  id: 'stray/backscatter-refused',
  cause: 'stray',
  kind: 'fires',
  title: 'Backscatter: a closed port refuses a SYN that somebody else sent in the client’s name',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'syn-answer',
    cause: 'stray',
    ...IDENTIFIABLE,
    why: 'The router forged a SYN of the client to a closed port of the server; the client, which had sent nothing, got the RST+ACK',
  },
  async run(lab) {
    await forgeSyn(lab);
    await lab.resetsCaptured(1);
  },
});

const acceptedForSomebodyElse: Scenario = defineScenario({
  id: 'stray/backscatter-accepted',
  cause: 'stray',
  kind: 'fires',
  title: 'Backscatter: a listener accepts a SYN that somebody else sent in the client’s name',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'stray',
    ...IDENTIFIABLE,
    why: 'The router forged a SYN of the client to an open port of the server; the client, which had sent nothing, answered the SYN-ACK by a bare RST',
  },
  async run(lab) {
    await lab.network.puppet.server.listen(lab.host, lab.port);
    await forgeSyn(lab);
    await lab.resetsCaptured(1);
  },
});

const middle: Scenario = defineScenario({
  id: 'stray/begins-in-the-middle',
  cause: 'stray',
  kind: 'quiet',
  title: 'The capture begins in the middle, but shows an exchange before the RST',
  needs: NAMESPACES,
  where: 'namespaces',
  late: true,
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortAfterAnswer('linger-zero'),
    why: 'One exchange, then the capture began, then another exchange and close() with SO_LINGER 0',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await lab.network.settle();
    await lab.beginCapture();
    await exchange(both, '/second');
    await pause(300);
    await both.accepted.abort();
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [late, refusedForSomebodyElse, acceptedForSomebodyElse, middle];
