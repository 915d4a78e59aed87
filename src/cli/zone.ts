import { Failure } from './failure.ts';

/** `+01:00`, `-0530`, `+2`, `Z` as minutes east of UTC; -840 to 840. */
export function toZoneOffsetMin(text: string): number {
  if (/^(?:Z|UTC)$/i.test(text)) return 0;
  const [, sign, hours = '', minutes = '0'] = /^([+-])(\d{1,2})(?::?([0-5]\d))?$/.exec(text) ?? [];
  const offsetMin = Number(hours) * 60 + Number(minutes);
  if (sign === undefined || offsetMin > 840)
    throw new Failure(`${text} is not an offset from UTC such as +01:00, -0530 or Z`);
  return sign === '-' ? -offsetMin : offsetMin;
}
