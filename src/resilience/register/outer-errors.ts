/**
 * Clients wrap the connection's error in one of their own: `TypeError: fetch failed`, axios's AxiosError, got's
 * RequestError. Those are made after the story is told and pass no hook, so `firsthand` of an error that has none of
 * its own is the one of its cause, looked up when it is asked for. node-fetch keeps no cause: its FetchError has none.
 */
import { recordOf } from './annotate.ts';
import type { FirsthandRecord } from './record.ts';

const MAX_DEPTH = 8;

/** Adds the accessor to Error.prototype; it is not enumerable, and assigning to it makes an own property as before. */
export function tellThroughCauses(): void {
  if (Object.hasOwn(Error.prototype, 'firsthand')) return;
  // oxlint-disable-next-line no-extend-native -- the errors are of classes and of an undici that no import reaches
  Object.defineProperty(Error.prototype, 'firsthand', {
    configurable: true,
    enumerable: false,
    get(this: unknown): FirsthandRecord | undefined {
      return storyOf(this);
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'firsthand', { value, configurable: true, enumerable: true, writable: true });
    },
  });
}

function storyOf(error: unknown): FirsthandRecord | undefined {
  try {
    let link: unknown = error;
    for (let depth = 0; depth < MAX_DEPTH && typeof link === 'object' && link !== null; depth++) {
      const record = recordOf(link);
      if (record !== undefined) return record;
      link = (link as { cause?: unknown }).cause;
    }
  } catch {
    // A cause behind a getter that throws is no cause.
  }
  return undefined;
}
