import { connected, closeBoth, exchange } from '../../exchange.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { TCP_STATE } from '../../puppet.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const afterQuiet: Scenario = defineScenario({
  id: 'tuple-reuse/after-quiet',
  cause: 'tuple-reuse',
  kind: 'fires',
  title: 'A client host comes back after three seconds and happens to use the port of its forgotten session',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  // A response still to be repeated would reset the forgotten session earlier.
  fixed: ['loss'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'tuple-reuse',
    ...IDENTIFIABLE,
    why: 'Three exchanges, the client socket closed under TCP_REPAIR, three seconds, a new connect from the same port: challenge ACK, RST, SYN again, established',
  },
  async run(lab) {
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third']) await exchange(both, path);
    await lab.network.acknowledged();
    await both.client.vanish();
    await pause(3000);
    const [client, accepted] = await Promise.all([
      lab.network.puppet.client.connect(lab.host, lab.port, { localPort: both.client.port }),
      both.listener.accept(),
    ]);
    await exchange({ client, accepted }, '/fourth');
    await closeBoth({ client, accepted });
  },
});

const inMidResponse: Scenario = defineScenario({
  id: 'tuple-reuse/with-data-outstanding',
  cause: 'tuple-reuse',
  kind: 'fires',
  title: 'A client comes back on the port of a session whose server had read half a request',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'tuple-reuse',
    ...IDENTIFIABLE,
    why: 'The client sent half a request, forgot its socket under TCP_REPAIR and connected again from the same port',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.client.send('POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Length: 500\r\n\r\nhalf');
    await both.accepted.receive();
    await lab.network.acknowledged();
    await both.client.vanish();
    const [client, accepted] = await Promise.all([
      lab.network.puppet.client.connect(lab.host, lab.port, { localPort: both.client.port }),
      both.listener.accept(),
    ]);
    await exchange({ client, accepted }, '/again');
    await closeBoth({ client, accepted });
  },
});

const timeWait: Scenario = defineScenario({
  id: 'tuple-reuse/server-in-time-wait',
  cause: 'tuple-reuse',
  kind: 'quiet',
  title: 'A client uses the same port again while the server is in TIME_WAIT: accepted at once',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The server closed first and kept the connection in TIME_WAIT; a new SYN with a higher number ends that state without a RST',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await both.accepted.close();
    await both.client.state(TCP_STATE.closeWait);
    await both.client.close();
    await lab.network.settle();
    const [client, accepted] = await Promise.all([
      lab.network.puppet.client.connect(lab.host, lab.port, { localPort: both.client.port }),
      both.listener.accept(),
    ]);
    await exchange({ client, accepted }, '/second');
    await closeBoth({ client, accepted });
  },
});

export const scenarios: readonly Scenario[] = [afterQuiet, inMidResponse, timeWait];
