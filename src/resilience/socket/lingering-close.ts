import type { Socket } from 'node:net';

export interface LingeringCloseOptions {
  /** How long to wait for the peer's end of stream, in milliseconds; 5000 unless given, 1 to 2 147 483 647. */
  readonly deadlineMs?: number | undefined;
}

export interface LingeringClose {
  /** The peer ended too; the deadline came first; the peer reset; or the socket was closed or lost in another way. */
  readonly outcome: 'eof' | 'deadline' | 'reset' | 'closed';
  /** Received and not wanted: what nobody had read yet, and what came later. */
  readonly discardedBytes: number;
  /** The socket's own error, if it had one. */
  readonly error: Error | null;
}

/**
 * Closes without losing what was sent last. close() with unread data in the receive buffer, or data that comes later,
 * answers with a RST (RFC 9112 §9.6; net/ipv4/tcp.c, tcp_close), which may destroy a response the peer has not read.
 * This sends what is written and a FIN, then reads and discards until the peer ends too or the deadline comes, then
 * destroys. It takes the socket over: listeners for data are removed. Never rejects.
 */
export function lingeringClose(socket: Socket, options: LingeringCloseOptions = {}): Promise<LingeringClose> {
  const deadlineMs = options.deadlineMs ?? 5000;
  if (!Number.isInteger(deadlineMs) || deadlineMs < 1 || deadlineMs > 2_147_483_647) {
    throw new RangeError(
      `deadlineMs must be a whole number of milliseconds from 1 to 2147483647, not ${String(deadlineMs)}`,
    );
  }
  return new Promise((resolve) => {
    let discardedBytes = 0;
    let error: Error | null = socket.errored;
    let isLate = false;
    const onClose = (): void => {
      clearTimeout(deadline);
      resolve({ outcome: outcomeOf(socket, isLate, error), discardedBytes, error });
    };
    const deadline = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, deadlineMs);
    if (socket.closed) return onClose();
    socket.on('error', (one: Error) => (error = one)).once('close', onClose);
    discardFrom(socket, (bytes) => (discardedBytes += bytes));
    // With the peer's end and ours the stream closes itself (autoDestroy).
    socket.end();
  });
}

function discardFrom(socket: Socket, count: (bytes: number) => void): void {
  socket.unpipe();
  socket.removeAllListeners('data').removeAllListeners('readable');
  // Text, where somebody called setEncoding(), counts as the bytes it would be in UTF-8.
  socket.on('data', (data: Buffer | string) => count(Buffer.byteLength(data)));
  socket.resume();
}

function outcomeOf(socket: Socket, isLate: boolean, error: NodeJS.ErrnoException | null): LingeringClose['outcome'] {
  if (error?.code === 'ECONNRESET' || error?.code === 'EPIPE') return 'reset';
  if (isLate) return 'deadline';
  return socket.readableEnded && error === null ? 'eof' : 'closed';
}
