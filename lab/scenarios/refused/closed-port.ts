import { connect } from 'node:net';
import { LOOPBACK, NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed } from '../../sockets.ts';

function closedPort(name: string, host: string, title: string): Scenario {
  return defineScenario({
    id: `refused/${name}`,
    cause: 'refused',
    kind: 'fires',
    title,
    needs: LOOPBACK,
    where: 'loopback',
    fixed: ['family'],
    resets: 1,
    truth: {
      sender: 'server',
      mechanism: 'syn-answer',
      cause: 'refused',
      equivalent: [],
      why: 'Nothing listened on the port; the kernel answered the SYN with RST+ACK',
    },
    async run(lab) {
      const socket = connect({ host, port: lab.port });
      socket.on('error', () => {});
      await closed(socket);
    },
  });
}

const dropped: Scenario = defineScenario({
  id: 'refused/syn-dropped',
  cause: 'refused',
  kind: 'quiet',
  title: 'The SYN is dropped on the way: silence, no refusal',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'connect-timeout',
    equivalent: [],
    why: 'The router dropped every SYN; the client repeated it and gave up after 3.5 s',
  },
  async run(lab) {
    await lab.network.exec('router', 'nft', ['-f', '-'], dropRule(lab.port));
    await lab.network.puppet.client.connect(lab.host, lab.port, { timeoutMs: 3500 }).catch((error: unknown) => error);
  },
});

function dropRule(port: number): string {
  return `table inet lab {
    chain forward {
      type filter hook forward priority 0
      tcp dport ${port} drop
    }
  }
`;
}

export const scenarios: readonly Scenario[] = [
  closedPort('closed-port-v4', '127.0.0.1', 'Connecting to a closed port over IPv4'),
  closedPort('closed-port-v6', '::1', 'Connecting to a closed port over IPv6'),
  dropped,
];
