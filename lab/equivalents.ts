/** Sets of causes that leave the same bytes, each with its reason, shared by scenarios. */
import type { Truth } from './scenario.ts';

type Equivalents = Pick<Truth, 'equivalent' | 'equivalentBecause'>;

/** The bytes name the cause. */
export const IDENTIFIABLE: Equivalents = { equivalent: [] };

/** A server aborts after a whole request and before any answer; whether it had read the request is invisible. */
export function abortWithoutAnswer(
  truth: 'unread-data' | 'linger-zero' | 'policy-abort' | 'process-crash',
): Equivalents {
  const all = ['unread-data', 'linger-zero', 'policy-abort', 'process-crash'] as const;
  return {
    equivalent: all.filter((cause) => cause !== truth),
    equivalentBecause:
      'whether a small request had been read is invisible on the wire, so that close() with it unread, SO_LINGER 0 after reading it, a rule of the server and SIGKILL give the same RST',
  };
}

/** A server aborts while or after it answers; its reasons do not show in one connection. */
export function abortAfterAnswer(truth: 'unread-data' | 'linger-zero' | 'process-crash'): Equivalents {
  const all = ['unread-data', 'linger-zero', 'process-crash'] as const;
  return {
    equivalent: all.filter((cause) => cause !== truth),
    equivalentBecause:
      'consumption is invisible on the wire: the same RST follows SO_LINGER 0, close() or SIGKILL with the last bytes unread',
  };
}

/** A bare RST to a segment of a connection that the endpoint does not know. */
export const UNKNOWN_CONNECTION: Equivalents = {
  equivalent: ['state-mismatch', 'firewall-reject'],
  equivalentBecause:
    'a host that forgot the connection, a host that never had it (wrong back end, packet without its NAT) and a REJECT rule on the host itself answer with the same bare RST',
};
