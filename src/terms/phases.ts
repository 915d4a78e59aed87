/** Where in the life of a connection something happened, in the order of that life. */
export const PHASES = ['connect', 'handshake', 'request', 'response', 'idle', 'closing', 'closed', 'unknown'] as const;
export type Phase = (typeof PHASES)[number];
