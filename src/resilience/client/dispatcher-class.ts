/** undici's base class as a value to extend; its methods `request`, `stream` … all go through `dispatch`. */
import type { Dispatcher as DispatcherType } from 'undici';

import { undici } from './undici.ts';

export const Dispatcher: typeof DispatcherType = undici.Dispatcher;
