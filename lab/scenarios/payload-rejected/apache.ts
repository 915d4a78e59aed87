import { IDENTIFIABLE } from '../../equivalents.ts';
import { startApache } from '../../apache.ts';
import { TCP_STATE } from '../../puppet.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const HEAD =
  'POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Type: application/octet-stream\r\nContent-Length: 600000\r\n\r\n';
/** The lingering close of Apache's worker MPM ends after two seconds in which nothing comes. */
const LINGER_MS = 2500;

const tooLarge: Scenario = defineScenario({
  id: 'payload-rejected/apache-413',
  cause: 'payload-rejected',
  kind: 'fires',
  title: 'Apache httpd answers 413 at the header and closes; a slow upload goes on',
  needs: [...LOOPBACK, 'python3', 'apache2'],
  where: 'loopback',
  // The status and the length of the body are in the heads, which a shorter snap length cuts off.
  fixed: ['snap'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'payload-rejected',
    ...IDENTIFIABLE,
    why: 'LimitRequestBody 1000: Apache answered 413, sent its FIN, lingered for two seconds and was gone when the next part of the 600 kB body came',
  },
  async run(lab) {
    await startApache(lab, 'LimitRequestBody 1000', 'worker');
    const puppet = await lab.puppet();
    const client = await puppet.connect(lab.host, lab.port);
    await client.send(`${HEAD}${'u'.repeat(5000)}`);
    await client.state(TCP_STATE.closeWait);
    await pause(LINGER_MS);
    await client.call('send', { size: 20_000 });
    await client.death();
  },
});

export const scenarios: readonly Scenario[] = [tooLarge];
