import { IDENTIFIABLE } from '../../equivalents.ts';
import { connected } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';
import { waitFor } from '../../wait.ts';

const BODY_BYTES = 40_000;
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;

const leaves: Scenario = defineScenario({
  id: 'client-abort/leaves-the-rest-unread',
  cause: 'client-abort',
  kind: 'fires',
  title: 'A client reads the head of a response and closes with the rest waiting in its socket',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    ...IDENTIFIABLE,
    why: 'The client read the head, had more of the body in its receive queue and called close(), which sends a RST then',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.client.send(request('/report'));
    await both.accepted.call('recv_exactly', { size: request('/report').length });
    await both.accepted.send(HEAD);
    await both.accepted.call('send', { size: BODY_BYTES });
    await both.client.call('recv_exactly', { size: HEAD.length });
    await waitFor('a part of the body', async () => ((await both.client.call('unread')) as number) > 0);
    await both.client.close();
    await both.accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [leaves];
