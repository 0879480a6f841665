// The time of day in the zone of the user or in another one, for messages and `--time`.

const MINUTE_MS = 60_000;
/** Offsets change only at multiples of this time. */
const QUARTER_MS = 15 * MINUTE_MS;

/** The offset from UTC at a given time, in minutes. */
type Offset = (wallMs: number) => number;

const localOffset: Offset = (wallMs) => -new Date(wallMs).getTimezoneOffset();

/** Undefined if the name is unknown. @param name such as `Europe/Berlin` */
export function findZone(name: string): string | undefined {
  // Node also accepts offsets, such as +01:00.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** @param zone a result of `findZone` */
export function createZoneOffset(zone: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  let last = { quarter: Number.NaN, minutes: 0 };
  return (wallMs) => {
    const quarter = Math.floor(wallMs / QUARTER_MS);
    if (quarter !== last.quarter) {
      // `GMT+05:30`, or `GMT` alone.
      const text = format.formatToParts(wallMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
      const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(text) ?? [];
      const size = Number(hours) * 60 + Number(minutes);
      last = { quarter, minutes: sign === '-' ? -size : size };
    }
    return last.minutes;
  };
}

/** `2026-11-22T14:05:12.345`. @throws RangeError for times that a Date cannot hold */
export function formatLocal(wallMs: number, offset: Offset = localOffset): string {
  return new Date(wallMs + offset(wallMs) * MINUTE_MS).toISOString().slice(0, -1);
}

/** `+01:00` */
export function formatZone(wallMs: number, offset: Offset = localOffset): string {
  const minutes = offset(wallMs);
  const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
}
