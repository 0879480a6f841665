// Compares what the server wrote with what the command printed, line by line, while both run.
//
// Events must be in order and without duplicates; complete if the connection ended cleanly, else a prefix. Keeps only
// open connections in memory, so that a run of an hour needs no more memory than one of a minute.

/** Causes of a clean end: the server closed, and everything before the close has arrived. */
const CLEAN_CAUSES = new Set(['closed-by-server', 'closed-normally', 'closed-by-policy']);

/** What a server wrote on one connection, and how much of it was seen on stdout. */
interface Written {
  readonly ids: string[];
  seen: number;
}

/** A connection as stdout reports it; `server` is unknown until its first event. */
interface Reported {
  readonly connection: number;
  server: number | undefined;
}

interface Line {
  readonly lifecycle?: 'connected' | 'gap' | 'end';
  readonly connection?: number;
  readonly seq?: number;
  readonly cause?: string;
  readonly events?: number;
  readonly event?: { readonly id?: string };
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface Ledger {
  /** Notes the ids of events that the server writes on a connection, counted from 0. */
  noteWritten(server: number, ids: readonly string[]): void;
  /** A line of `--envelope`. */
  takeLine(line: string): void;
  /** Call it after the last line. */
  finish(): void;
  readonly lines: number;
  /** Reported losses; those with a clean end; those of which all events were printed. */
  readonly losses: number;
  readonly cleanEnds: number;
  readonly whole: number;
}

/**
 * Calls `fail` for every error.
 *
 * @param isQuiet whether a connection of the server falls silent, and may be considered dead
 */
export function createLedger(isQuiet: (server: number) => boolean, fail: (what: string) => void): Ledger {
  const written = new Map<number, Written>();
  let current: Reported | undefined;
  /** The connection before the current one; the next gap record is about its end. */
  let previous: Reported | undefined;
  let lastServer = -1;
  let seq = 0;
  let hasEnded = false;
  let [lines, losses, cleanEnds, whole] = [0, 0, 0, 0];

  const settle = (reported: Reported | undefined, cause: string): void => {
    losses += 1;
    if (reported === undefined) {
      fail(`a gap (${cause}) without a connection before it`);
      return;
    }
    const { connection, server } = reported;
    const list = server === undefined ? undefined : written.get(server);
    if (server !== undefined) written.delete(server);
    if (cause === 'silent' && server !== undefined && !isQuiet(server)) {
      fail(`connection ${connection} was considered dead, but was not`);
    }
    if (!CLEAN_CAUSES.has(cause)) return;
    cleanEnds += 1;
    const missing = list === undefined ? undefined : list.ids.length - list.seen;
    if (missing === 0) whole += 1;
    else
      fail(`connection ${connection} ended cleanly (${cause}), and ${missing ?? 'all'} events are missing`);
  };

  /** The connection of the server that begins with this event; earlier ones had no printed event. */
  const findBeginning = (id: string): number | undefined => {
    for (const [server, { ids }] of written) {
      if (server <= lastServer || ids[0] !== id) continue;
      for (const earlier of [...written.keys()]) {
        if (earlier < server && earlier !== previous?.server) written.delete(earlier);
      }
      lastServer = server;
      return server;
    }
    return undefined;
  };

  const takeEvent = (line: Line): void => {
    const id = line.event?.id ?? '';
    seq += 1;
    if (line.seq !== seq) fail(`event ${id} has the sequence number ${line.seq}, not ${seq}`);
    if (current === undefined || line.connection !== current.connection) {
      fail(`event ${id} has the connection ${line.connection}, not ${current?.connection}`);
      return;
    }
    current.server ??= findBeginning(id);
    const list = current.server === undefined ? undefined : written.get(current.server);
    if (list?.ids[list.seen] === id) list.seen += 1;
    else fail(`line ${lines} is out of order, twice, or was never written: ${id}`);
  };

  return {
    noteWritten(server, ids) {
      const list = written.get(server) ?? { ids: [], seen: 0 };
      list.ids.push(...ids);
      written.set(server, list);
    },
    takeLine(text) {
      lines += 1;
      if (hasEnded) fail(`line ${lines} comes after the end`);
      const line = parse(text);
      if (line === undefined) {
        fail(`line ${lines} is truncated, or not JSON: ${text.slice(0, 80)}`);
        return;
      }
      if (line.lifecycle === 'connected') {
        if (previous !== undefined)
          fail(`connection ${line.connection} came, but the last loss was not reported`);
        previous = current;
        current = { connection: line.connection ?? 0, server: undefined };
      } else if (line.lifecycle === 'gap') {
        // The last gap of a run has no connection after it.
        settle(previous ?? current, line.cause ?? '');
        if (previous === undefined) current = undefined;
        previous = undefined;
      } else if (line.lifecycle === 'end') {
        hasEnded = true;
        if (line.events !== seq) fail(`the end record has ${line.events} events, but ${seq} were printed`);
      } else {
        takeEvent(line);
      }
    },
    finish() {
      if (!hasEnded) fail('the end record is missing');
      if (seq === 0) fail('no events were printed');
      if (previous !== undefined) fail(`the loss of connection ${previous.connection} was not reported`);
    },
    get lines() {
      return lines;
    },
    get losses() {
      return losses;
    },
    get cleanEnds() {
      return cleanEnds;
    },
    get whole() {
      return whole;
    },
  };
}
