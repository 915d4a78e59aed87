/** Clients of a server that answers every request with `hello`. */
import type { LabContext } from './context.ts';
import type { PuppetSocket } from './puppet.ts';
import { request } from './sockets.ts';

/** One request and its whole answer. */
export async function ask(client: PuppetSocket): Promise<void> {
  await client.send(request('/page'));
  let text = '';
  while (!text.includes('hello')) text += await client.receive();
}

/** Connections from the client's namespace that have had one answer each. */
export async function servedClients(lab: LabContext, count: number): Promise<PuppetSocket[]> {
  const clients: PuppetSocket[] = [];
  while (clients.length < count) {
    const client = await lab.network.puppet.client.connect(lab.host, lab.port);
    await ask(client);
    clients.push(client);
  }
  return clients;
}
