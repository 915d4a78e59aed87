/** The command before another one that gives it, and all below it, namespaces that end with it. */
export const UNSHARE: readonly [string, ...string[]] = [
  'unshare',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];
