import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lingeringClose } from './lingering-close.ts';

/** More than the buffers of a loopback connection hold. */
const UPLOAD_BYTES = 16 * 1024 * 1024;

describe('lingeringClose', () => {
  it('lets the peer read the answer to an upload that nobody wants', async () => {
    const { client, server } = await pair();
    const answer = readAll(client);
    const uploading = new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.end(Buffer.alloc(UPLOAD_BYTES), () => resolve());
    });
    await once(server, 'data');
    const alreadyRead = server.bytesRead - server.readableLength;
    server.write('too large');
    const closing = await lingeringClose(server, { deadlineMs: 20_000 });
    await uploading;
    expect(await answer).toBe('too large');
    expect(closing).toEqual({ outcome: 'eof', discardedBytes: UPLOAD_BYTES - alreadyRead, error: null });
  });

  it('takes the socket from whoever was reading it', async () => {
    const { client, server } = await pair();
    let seen = 0;
    server.on('data', () => seen++);
    const closing = lingeringClose(server);
    client.end('ignored');
    expect(await closing).toMatchObject({ outcome: 'eof', discardedBytes: 'ignored'.length });
    expect(seen).toBe(0);
  });

  it('gives up at the deadline', async () => {
    const { client, server } = await pair(true);
    client.resume();
    expect(await lingeringClose(server, { deadlineMs: 20 })).toMatchObject({ outcome: 'deadline' });
    expect(server.destroyed).toBe(true);
  });

  it('gives up at the deadline although the peer does not read what is still to be sent', async () => {
    const { server } = await pair(true);
    server.write(Buffer.alloc(UPLOAD_BYTES));
    expect(await lingeringClose(server, { deadlineMs: 20 })).toMatchObject({ outcome: 'deadline' });
  });

  it('notices a reset', async () => {
    const { client, server } = await pair(true);
    client.resume();
    const closing = lingeringClose(server, { deadlineMs: 20_000 });
    await once(client, 'end');
    client.resetAndDestroy();
    expect(await closing).toMatchObject({ outcome: 'reset', error: { code: 'ECONNRESET' } });
  });

  it('answers for a socket that is closed already, or is destroyed meanwhile', async () => {
    const { server } = await pair();
    const closing = lingeringClose(server);
    server.destroy();
    expect(await closing).toEqual({ outcome: 'closed', discardedBytes: 0, error: null });
    expect(await lingeringClose(server)).toEqual({ outcome: 'closed', discardedBytes: 0, error: null });
  });

  it.each([0, -1, 1.5, Number.NaN, 2_147_483_648])('refuses a deadline of %d ms', async (deadlineMs) => {
    const { server } = await pair();
    expect(() => lingeringClose(server, { deadlineMs })).toThrow(RangeError);
    expect(server.writable).toBe(true);
  });
});

/** Not by iteration, which destroys the socket at its end and with it the upload. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  await once(socket, 'end');
  return text;
}

async function pair(allowHalfOpen: boolean = false): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepting = once(listener, 'connection') as Promise<[Socket]>;
  const client = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen });
  const [server] = await accepting;
  await (client.connecting ? once(client, 'connect') : null);
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}
