// Local time as text, for messages and `--time local`.

/** Local date and time without a zone, `2026-11-22T14:05:12.345`; throws for times that a Date cannot hold. */
export function formatLocal(wallMs: number): string {
  const offsetMs = new Date(wallMs).getTimezoneOffset() * 60_000;
  return new Date(wallMs - offsetMs).toISOString().slice(0, -1);
}

/** Offset from UTC, `+01:00`. */
export function formatZone(wallMs: number): string {
  const minutes = -new Date(wallMs).getTimezoneOffset();
  const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
}
