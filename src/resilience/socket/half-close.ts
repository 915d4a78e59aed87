import type { Socket } from 'node:net';
import { ERRNOS } from '../../terms/errno.ts';

/** What went wrong between our FIN and the peer's: code and meaning. */
export const HALF_CLOSE_ERRORS = {
  ERR_FIRSTHAND_RESET_AFTER_FIN:
    'The peer reset the connection instead of closing its side: what it still had to say is lost',
  ERR_FIRSTHAND_LOST_AFTER_FIN: 'The connection was lost before the peer closed its side',
  ERR_FIRSTHAND_CLOSED_BEFORE_EOF: 'The socket was closed here before the peer closed its side',
} as const;

/** Why halfClose() did not see the peer's end of stream. `cause` is the socket's own error, if it had one. */
export class HalfCloseError extends Error {
  override readonly name: string = 'HalfCloseError';
  readonly code: keyof typeof HALF_CLOSE_ERRORS;
  constructor(code: keyof typeof HALF_CLOSE_ERRORS, cause: Error | null) {
    const detail = cause === null ? '' : ` (${cause.message})`;
    super(`${HALF_CLOSE_ERRORS[code]}${detail}`, cause === null ? {} : { cause });
    this.code = code;
  }
}

/**
 * Says that nothing more will be sent (FIN, after what was written) and resolves when the peer has said so too.
 * Until then everything received is delivered as usual; a socket that nobody reads is read and discarded, so attach
 * the reader first. Rejects with a HalfCloseError when the end does not come; sets no deadline.
 */
export function halfClose(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | null = null;
    const finishIfDone = (): void => {
      if (socket.readableEnded && socket.writableFinished) settle(resolve);
    };
    const onError = (error: Error): void => {
      failure = error;
    };
    const onClose = (): void => {
      if (socket.readableEnded && socket.writableFinished) settle(resolve);
      else settle(() => reject(new HalfCloseError(codeOf(failure), failure)));
    };
    const settle = (then: () => void): void => {
      socket.off('end', finishIfDone).off('finish', finishIfDone).off('error', onError).off('close', onClose);
      then();
    };
    failure = socket.errored;
    if (socket.closed) return onClose();
    socket.on('end', finishIfDone).on('finish', finishIfDone).on('error', onError).on('close', onClose);
    socket.end();
    // 'end' comes only to a stream that is read to its end.
    if (socket.readableFlowing === null) socket.resume();
    finishIfDone();
  });
}

function codeOf(failure: NodeJS.ErrnoException | null): keyof typeof HALF_CLOSE_ERRORS {
  const condition = ERRNOS.find(({ code }) => code === failure?.code)?.condition;
  if (condition === undefined) return 'ERR_FIRSTHAND_CLOSED_BEFORE_EOF';
  return condition === 'reset' || condition === 'broken-pipe'
    ? 'ERR_FIRSTHAND_RESET_AFTER_FIN'
    : 'ERR_FIRSTHAND_LOST_AFTER_FIN';
}
