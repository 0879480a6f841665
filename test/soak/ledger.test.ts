// The ledger of the soak finds every kind of error, and none in a correct run.
import { describe, expect, test } from '@jest/globals';
import { createLedger, type Ledger } from './ledger.ts';

/** Writes lines like `--envelope`, with sequence numbers. */
function createWriter(ledger: Ledger) {
  let seq = 0;
  let connection = 0;
  const take = (line: object): void => ledger.takeLine(JSON.stringify(line));
  return {
    connected: () => take({ lifecycle: 'connected', connection: ++connection }),
    events(...ids: string[]) {
      for (const id of ids) take({ seq: ++seq, connection, event: { id } });
    },
    gap: (cause: string) => take({ lifecycle: 'gap', cause }),
    end: (events = seq) => take({ lifecycle: 'end', events }),
    skip: () => (seq += 1),
  };
}

type LineWriter = ReturnType<typeof createWriter>;

/** The errors of a run in which the server wrote a1 to a3, then b1 and b2, on its first two connections. */
function findErrors(run: (writer: LineWriter, ledger: Ledger) => void): string[] {
  const errors: string[] = [];
  const ledger = createLedger(
    (server) => server === 1,
    (what) => errors.push(what),
  );
  ledger.noteWritten(0, ['a1', 'a2', 'a3']);
  ledger.noteWritten(1, ['b1', 'b2']);
  run(createWriter(ledger), ledger);
  ledger.finish();
  return errors;
}

/** The first connection, then the second one and the gap between them. */
function reconnect(writer: LineWriter, ids: string[], cause: string): void {
  writer.connected();
  writer.events(...ids);
  writer.connected();
  writer.gap(cause);
}

describe('the ledger accepts a correct run with', () => {
  test.each<[string, (writer: LineWriter, ledger: Ledger) => void]>([
    [
      'all events, before a clean end',
      (writer) => {
        reconnect(writer, ['a1', 'a2', 'a3'], 'closed-by-server');
        writer.events('b1', 'b2');
        writer.end();
      },
    ],
    [
      'a prefix, before a broken connection',
      (writer) => {
        reconnect(writer, ['a1'], 'dropped');
        writer.events('b1');
        writer.gap('silent');
        writer.end();
      },
    ],
    [
      'a connection that the client never noticed',
      (writer, ledger) => {
        writer.connected();
        writer.events('b1', 'b2');
        writer.gap('closed-normally');
        writer.end();
        expect(ledger.whole).toBe(1);
      },
    ],
    [
      'events that are still being written',
      (writer, ledger) => {
        writer.connected();
        writer.events('a1', 'a2', 'a3');
        ledger.noteWritten(0, ['a4']);
        writer.events('a4');
        writer.end();
      },
    ],
  ])('%s', (_, run) => {
    expect(findErrors(run)).toEqual([]);
  });
});

describe('the ledger finds an error if', () => {
  test.each<[string, RegExp, (writer: LineWriter, ledger: Ledger) => void]>([
    [
      'an event is missing',
      /ended cleanly .*1 events are missing/,
      (writer) => reconnect(writer, ['a1', 'a2'], 'closed-by-policy'),
    ],
    [
      'all events are missing',
      /ended cleanly .*all events are missing/,
      (writer) => reconnect(writer, [], 'closed-normally'),
    ],
    [
      'one event is missing in the middle',
      /out of order.*a3/,
      (writer) => reconnect(writer, ['a1', 'a3'], 'dropped'),
    ],
    ['one event came twice', /out of order.*a1/, (writer) => reconnect(writer, ['a1', 'a1'], 'dropped')],
    [
      'two events are swapped',
      /out of order.*a3/,
      (writer) => reconnect(writer, ['a1', 'a3', 'a2'], 'dropped'),
    ],
    [
      'one event was never sent by the server',
      /out of order.*x9/,
      (writer) => reconnect(writer, ['a1', 'a2', 'a3', 'x9'], 'dropped'),
    ],
    [
      'an event of an earlier connection is late',
      /out of order.*a3/,
      (writer) => {
        reconnect(writer, ['a1', 'a2'], 'dropped');
        writer.events('b1', 'a3');
      },
    ],
    [
      'a sequence number is missing',
      /has the sequence number 2, not 1/,
      (writer) => {
        writer.connected();
        writer.skip();
        writer.events('a1');
      },
    ],
    [
      'a healthy connection is considered dead',
      /was considered dead/,
      (writer) => reconnect(writer, ['a1'], 'silent'),
    ],
    [
      'a loss is not reported',
      /the loss of connection 1 was not reported/,
      (writer) => {
        writer.connected();
        writer.events('a1');
        writer.connected();
      },
    ],
    ['events are printed before any connection', /has the connection 0/, (writer) => writer.events('a1')],
    ['a gap is reported before any connection', /without a connection/, (writer) => writer.gap('dropped')],
    [
      'the end has another count',
      /the end record has 7 events, but 1 were printed/,
      (writer) => {
        writer.connected();
        writer.events('a1');
        writer.end(7);
      },
    ],
    [
      'something comes after the end',
      /comes after the end/,
      (writer) => {
        writer.connected();
        writer.end();
        writer.events('a1');
      },
    ],
    ['a line is truncated', /line 1 is truncated/, (_writer, ledger) => ledger.takeLine('{"seq":1,"conn')],
    ['the end is missing', /the end record is missing/, (writer) => writer.connected()],
    ['no events were printed', /no events were printed/, (writer) => writer.end()],
  ])('%s', (_, message, run) => {
    expect(findErrors(run).join('\n')).toMatch(message);
  });
});
