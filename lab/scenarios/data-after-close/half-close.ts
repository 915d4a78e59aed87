import { IDENTIFIABLE } from '../../equivalents.ts';
import { startNginx } from '../../nginx.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

const taken: Scenario = defineScenario({
  id: 'data-after-close/taken-for-half-close',
  cause: 'data-after-close',
  kind: 'fires',
  title: 'A client sends its request and closes; nginx takes the FIN for a half-close and answers',
  needs: [...NAMESPACES, 'nginx'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'data-after-close',
    ...IDENTIFIABLE,
    why: 'The client called send() and close(), where shutdown(SHUT_WR) and reading on was meant; the answer found no socket',
  },
  async run(lab) {
    await startNginx(lab, 'location / { return 200 "the answer\\n"; }', { host: 'server' });
    const client = await lab.network.puppet.client.connect(lab.host, lab.port);
    await client.send(request('/page', lab.variation.paddingBytes));
    await client.close();
    await lab.resetsCaptured(1);
  },
});

export const scenarios: readonly Scenario[] = [taken];
