/** The injector held out: hping3, a packet crafter with habits of its own (window 64, no DF, no options, random IP-ID). */
import type { LabContext } from '../context.ts';
import { IDENTIFIABLE, UNKNOWN_CONNECTION } from '../equivalents.ts';
import type { Connected } from '../exchange.ts';
import { connected, exchange } from '../exchange.ts';
import { NAMESPACES, defineScenario } from '../scenario.ts';
import type { Need, Scenario } from '../scenario.ts';
import { pause } from '../wait.ts';

const NEEDS: readonly Need[] = [...NAMESPACES, 'hping3'];

interface Seen {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  readonly nextSeq: number;
  readonly ack: number;
}

/** Two exchanges watched by the router, on which hping3 then resets the client in the server's name. */
async function inject(lab: LabContext, options: (seen: Seen) => readonly string[]): Promise<Connected> {
  const router = lab.network.puppet.router;
  const watched = await router.call('sniff', { device: 'srv0', sourcePort: lab.port, targetPort: 0 });
  const both = await connected(lab);
  await exchange(both, '/first');
  await exchange(both, '/second');
  // What is not acknowledged yet the server would send again, to a client that has no connection by then.
  await lab.network.acknowledged();
  const seen = (await router.call('seen', { id: watched as number })) as Seen;
  const numbers = ['-s', String(seen.sourcePort), '-k', '-p', String(seen.targetPort), '-M', String(seen.nextSeq)];
  const args = [
    '-q',
    '-n',
    '-I',
    'cli0',
    '-c',
    '1',
    '-a',
    seen.source,
    ...numbers,
    '-R',
    ...options(seen),
    seen.target,
  ];
  // It waits for an answer that does not come, and ends with 1.
  await lab.network.exec('router', 'sh', ['-c', `hping3 ${args.join(' ')} || true`]);
  return both;
}

async function talkOn({ client, accepted }: Connected): Promise<void> {
  await client.death();
  await pause(200);
  await accepted.send('event: tick\n\n');
  await accepted.death();
}

const AT_THE_SERVER = {
  sender: 'client',
  mechanism: 'passive-answer',
  cause: 'no-socket',
  ...UNKNOWN_CONNECTION,
  why: 'The forged RST went to the client only; what the server sees is the bare RST with which the client answered the later data',
} as const;

const bare: Scenario = defineScenario({
  id: 'injected/hping-rst',
  cause: 'injected',
  kind: 'fires',
  title: 'hping3 on the path sends a bare RST in the server’s name; the server talks on',
  needs: NEEDS,
  where: 'namespaces',
  fixed: ['family', 'loss'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    ...IDENTIFIABLE,
    why: 'hping3 -R on the router with the right sequence number and nothing else set; the server sent data 200 ms later',
  },
  truthAt: { server: AT_THE_SERVER },
  run: async (lab) => talkOn(await inject(lab, () => [])),
});

const copied: Scenario = defineScenario({
  id: 'injected/hping-rst-ack',
  cause: 'injected',
  kind: 'fires',
  title: 'hping3 sends a RST+ACK with the acknowledgement and the hop limit copied; the server talks on',
  needs: NEEDS,
  where: 'namespaces',
  fixed: ['family', 'loss'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    ...IDENTIFIABLE,
    why: 'hping3 -R -A on the router with the right numbers and the hop limit that the server’s packets have there; the server sent data 200 ms later',
  },
  truthAt: { server: AT_THE_SERVER },
  async run(lab) {
    const hopLimit = lab.variation.hopLimits.server - 1;
    await talkOn(await inject(lab, ({ ack }) => ['-A', '-L', String(ack), '-t', String(hopLimit)]));
  },
});

export const scenarios: readonly Scenario[] = [bare, copied];
