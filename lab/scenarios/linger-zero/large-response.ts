import { abortAfterAnswer } from '../../equivalents.ts';
import { connected } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

const BODY_BYTES = 60_000;
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;

const cutsItsOwn: Scenario = defineScenario({
  id: 'linger-zero/cuts-its-own-response',
  cause: 'linger-zero',
  kind: 'fires',
  title: 'A server that sets SO_LINGER 0 on every socket loses the end of each large response',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortAfterAnswer('linger-zero'),
    why: 'send() took the whole response of 60 kB; close() with SO_LINGER 0 right behind it threw away what was not yet on its way',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.client.send(request('/report'));
    await both.accepted.call('recv_exactly', { size: request('/report').length });
    await both.accepted.send(HEAD);
    await both.accepted.call('send', { size: BODY_BYTES });
    await both.accepted.abort();
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [cutsItsOwn];
