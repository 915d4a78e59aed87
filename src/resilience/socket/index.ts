/**
 * `firsthand/socket`: what Node's sockets lack to live through firewalls and to close without a RST.
 *
 * @module
 */
export { keepAlive } from './keep-alive.ts';
export type { KeepAliveResult, OptionName, OptionResult } from './keep-alive.ts';
export { KEEP_ALIVE_DEFAULTS } from './keep-alive-options.ts';
export type { KeepAliveOptions } from './keep-alive-options.ts';
export { HALF_CLOSE_ERRORS, HalfCloseError, halfClose } from './half-close.ts';
export { lingeringClose } from './lingering-close.ts';
export type { LingeringClose, LingeringCloseOptions } from './lingering-close.ts';
