import { abortWithoutAnswer } from '../../equivalents.ts';
import { startNginx } from '../../nginx.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { closed, dial, listen, read, request, write } from '../../sockets.ts';
import { pause } from '../../wait.ts';

const serverReset: Truth = {
  sender: 'server',
  mechanism: 'active-abort',
  cause: 'linger-zero',
  ...abortWithoutAnswer('linger-zero'),
  why: 'The server read the request and called resetAndDestroy()',
};

const answered: Scenario = defineScenario({
  id: 'relayed/nginx-502',
  cause: 'relayed',
  kind: 'quiet',
  title: 'A back end resets; nginx answers the client by 502 and closes by FIN',
  needs: [...LOOPBACK, 'nginx'],
  where: 'loopback',
  ports: 2,
  resets: 1,
  truth: { ...serverReset, why: 'The back end read the request and called resetAndDestroy(); nginx answered 502' },
  async run(lab) {
    const backend = await listen(lab, {}, lab.ports[1]!);
    await startNginx(lab, `keepalive_timeout 0; location / { proxy_pass http://${lab.at(lab.ports[1]!)}; }`);
    const client = await dial(lab);
    await write(client, request('/report'));
    const accepted = await backend.accept();
    await read(accepted, request('/report').length);
    client.resume();
    accepted.resetAndDestroy();
    await closed(client);
  },
});

const strangers: Scenario = defineScenario({
  id: 'relayed/two-services',
  cause: 'relayed',
  kind: 'quiet',
  title: 'Two services of one host reset two clients at nearly the same time, each for itself',
  needs: LOOPBACK,
  where: 'loopback',
  ports: 2,
  resets: 2,
  truth: { ...serverReset, why: 'Two servers, two requests, two resetAndDestroy() 30 ms apart; there is no proxy' },
  async run(lab) {
    const services = [await listen(lab), await listen(lab, {}, lab.ports[1]!)];
    const talks = [];
    for (const [i, path] of ['/orders', '/offers'].entries()) {
      const client = await dial(lab, { port: lab.ports[i]! });
      const accepted = await services[i]!.accept();
      await write(client, request(path));
      await read(accepted, request(path).length);
      client.resume();
      talks.push({ client, accepted });
    }
    for (const { client, accepted } of talks.toReversed()) {
      accepted.resetAndDestroy();
      await closed(client);
      await pause(30);
    }
  },
});

export const scenarios: readonly Scenario[] = [answered, strangers];
