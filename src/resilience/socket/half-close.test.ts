import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HalfCloseError, halfClose } from './half-close.ts';

describe('halfClose', () => {
  it('resolves with the end of the peer, after everything the peer still sent was delivered', async () => {
    const { client, server } = await pair();
    const received: string[] = [];
    client.on('data', (data) => received.push(data.toString()));
    server.resume().once('end', () => {
      server.write('one ');
      setImmediate(() => server.end('two'));
    });
    client.write('question');
    await halfClose(client);
    expect(received.join('')).toBe('one two');
  });

  it('delivers to an iterator', async () => {
    const { client, server } = await pair();
    server.resume().once('end', () => server.end('last words'));
    const reading = (async () => {
      let text = '';
      for await (const part of client) text += String(part);
      return text;
    })();
    await halfClose(client);
    expect(await reading).toBe('last words');
  });

  it('comes to an end when nobody reads, also after much data', async () => {
    const { client, server } = await pair();
    server.resume().once('end', () => server.end(Buffer.alloc(1_000_000)));
    await halfClose(client);
    expect(client.readableEnded).toBe(true);
  });

  it('resolves for a socket whose peer has ended before', async () => {
    const { client, server } = await pair(true);
    server.resume().end();
    client.resume();
    await once(client, 'end');
    const ended = once(server, 'end');
    await halfClose(client);
    await ended;
  });

  it('rejects when the peer answers with a reset', async () => {
    const { client, server } = await pair();
    server.resume().once('end', () => server.resetAndDestroy());
    const error = await halfClose(client).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(HalfCloseError);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_RESET_AFTER_FIN', cause: { code: 'ECONNRESET' } });
  });

  it('rejects when the socket is destroyed here, meanwhile or before', async () => {
    const { client } = await pair();
    const closing = halfClose(client);
    client.destroy();
    await expect(closing).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_CLOSED_BEFORE_EOF' });
    await expect(halfClose(client)).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_CLOSED_BEFORE_EOF' });
  });

  it('leaves no listener behind', async () => {
    const { client, server } = await pair();
    server.resume().once('end', () => server.end());
    const before = client.eventNames().map((name) => client.listenerCount(name));
    await halfClose(client);
    expect(client.eventNames().map((name) => client.listenerCount(name))).toEqual(before);
  });
});

/** A client and the socket it was accepted as; the server side stays open after the client's FIN. */
async function pair(allowHalfOpen: boolean = false): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepting = once(listener, 'connection') as Promise<[Socket]>;
  const client = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen });
  const [server] = await accepting;
  server.on('error', () => {});
  await (client.connecting ? once(client, 'connect') : null);
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}
