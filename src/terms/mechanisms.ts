/** How a RST was made. Judged before its cause; a closed list. */
export const MECHANISMS = [
  /** A live socket was aborted: RST+ACK with the socket's own window, timestamps and IP-ID counter. */
  'active-abort',
  /** A kernel answered a segment that fits no socket: bare RST, window 0, no options (RFC 9293 §3.5.2). */
  'passive-answer',
  /** A RST in answer to a SYN: the connection never existed. */
  'syn-answer',
  /** Something between the endpoints answered in an endpoint's name, as a firewall's REJECT does. */
  'in-path-answer',
  /** Injected; the answer to nothing. */
  'forged',
  'unknown',
] as const;
export type Mechanism = (typeof MECHANISMS)[number];
