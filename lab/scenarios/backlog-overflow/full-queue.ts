import type { LabContext } from '../../context.ts';
import { connected } from '../../exchange.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { startNginx } from '../../nginx.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

/**
 * A listener that accepts nobody, with a backlog of 4, which holds 5. Four clients fill it but for one place, then four
 * come at once: their SYNs find room (below the backlog no SYN cookies are used), three of their ACKs do not.
 */
async function crowd(lab: LabContext, settings: readonly string[]): Promise<void> {
  for (const setting of settings) await lab.network.exec('server', 'sysctl', ['-q', '-w', `net.ipv4.${setting}`]);
  const { client, server } = lab.network.puppet;
  await server.listen(lab.host, lab.port, { backlog: 4 });
  for (let place = 0; place < 4; place++) await client.connect(lab.host, lab.port);
  await fourAtOnce(lab);
}

async function fourAtOnce(lab: LabContext): Promise<void> {
  const { client } = lab.network.puppet;
  // All four SYNs must find the queue as it is: none may leave so late that the first ACK is there before it.
  await lab.network.cable('server', 'hold ab');
  const clients = await Promise.all([1, 2, 3, 4].map(() => client.connect(lab.host, lab.port, { wait: false })));
  await lab.network.cable('server', 'mend');
  // send() waits for the connection. One that has been reset already cannot send: that is the scenario, no failure of it.
  for (const socket of clients) await socket.send('GET / HTTP/1.1\r\n\r\n').catch(() => {});
}

const aborts: Scenario = defineScenario({
  id: 'backlog-overflow/abort-on-overflow',
  cause: 'backlog-overflow',
  kind: 'fires',
  title: 'The accept queue is full and the kernel is told to say so',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'backlog-overflow',
    ...IDENTIFIABLE,
    why: 'net.ipv4.tcp_abort_on_overflow=1, a backlog of 4 and nobody accepting: five clients fit, three more that came at the same moment get a RST for the ACK that completes their handshake',
  },
  run: (lab) => crowd(lab, ['tcp_abort_on_overflow=1']),
});

const repeats: Scenario = defineScenario({
  id: 'backlog-overflow/default-late-reset',
  cause: 'backlog-overflow',
  kind: 'fires',
  title: 'The accept queue is full by default: repeated SYN-ACKs, unacknowledged data, a RST much later',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'backlog-overflow',
    ...IDENTIFIABLE,
    why: 'The same crowd with tcp_abort_on_overflow=0 and tcp_synack_retries=1: the server repeated its SYN-ACK and forgot the request; the next retransmission of the clients found no socket',
  },
  async run(lab) {
    await crowd(lab, ['tcp_synack_retries=1']);
    await lab.resetsCaptured(3);
  },
});

const descriptors: Scenario = defineScenario({
  id: 'backlog-overflow/nginx-out-of-descriptors',
  cause: 'backlog-overflow',
  kind: 'fires',
  title: 'nginx has no descriptor left to accept with: its queue fills and overflows',
  needs: [...NAMESPACES, 'nginx', 'ss'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'backlog-overflow',
    ...IDENTIFIABLE,
    why: 'worker_rlimit_nofile 16 and clients with half a header held every descriptor; accept() failed with EMFILE, the backlog of 4 filled, and with tcp_synack_retries=1 the server forgot three of the next four handshakes',
  },
  async run(lab) {
    await lab.network.exec('server', 'sysctl', ['-q', '-w', 'net.ipv4.tcp_synack_retries=1']);
    const main = 'worker_rlimit_nofile 16;';
    await startNginx(lab, 'location / { return 200 hello; }', { listen: 'backlog=4', main, host: 'server' });
    const { client } = lab.network.puppet;
    for (let waiting = 0; waiting < 4;) {
      const slow = await client.connect(lab.host, lab.port);
      await slow.send('GET /slow HTTP/1.1\r\nHost: lab');
      await lab.network.settle();
      waiting = await queueLength(lab);
    }
    await fourAtOnce(lab);
    await lab.resetsCaptured(3);
  },
});

/** Connections that wait for accept(). */
async function queueLength(lab: LabContext): Promise<number> {
  const shown = await lab.network.exec('server', 'ss', ['-Hltn', `sport = :${lab.port}`]);
  return Number(shown.trim().split(/\s+/)[1]);
}

const accepted: Scenario = defineScenario({
  id: 'backlog-overflow/accepted-then-aborted',
  cause: 'backlog-overflow',
  kind: 'quiet',
  title: 'A listener with room, whose application resets right after accept()',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'policy-abort',
    equivalent: ['linger-zero', 'process-crash'],
    equivalentBecause:
      'whether a rule or an accident closed a connection without a byte with SO_LINGER 0 is invisible on the wire',
    why: 'The server accepted the connection and closed it with SO_LINGER 0 before a byte was sent',
  },
  async run(lab) {
    const both = await connected(lab);
    await pause(50);
    await both.accepted.abort();
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [aborts, repeats, descriptors, accepted];
