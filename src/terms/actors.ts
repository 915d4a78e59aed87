/** A side of a connection: who sent the SYN, who answered it. */
export type Side = 'client' | 'server';

/** Who really put the RST on the wire. */
export const ACTORS = ['endpoint', 'middlebox', 'unknown'] as const;
export type Actor = (typeof ACTORS)[number];

/** What a host is in the request path. */
export const ROLES = ['client', 'server', 'proxy', 'load-balancer', 'firewall', 'nat', 'unknown'] as const;
export type Role = (typeof ROLES)[number];

/** How sure a statement is. `proof` needs a kernel trace or captures on both sides of the suspect. */
export const LEVELS = ['possible', 'likely', 'proof'] as const;
export type Level = (typeof LEVELS)[number];

/** Which evidence told client and server apart, best first. */
export const ROLES_FROM = ['handshake', 'hint', 'port', 'guess'] as const;
export type RolesFrom = (typeof ROLES_FROM)[number];
