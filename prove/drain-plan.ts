/** What the processes of the drain proof have in common. */

/** The ways to stop a server that are compared, ours first. */
export const SHUTDOWNS = [
  'firsthand',
  'close',
  'close + closeAllConnections',
  'http-terminator',
  'stoppable',
  'process.exit',
] as const;
export type Shutdown = (typeof SHUTDOWNS)[number];

/** Milliseconds after SIGTERM at which a server that has not left is forced to. */
export const FORCED_MS = 6000;
/** Milliseconds our drain leaves idle connections to their clients. */
export const IDLE_GRACE_MS = 500;
