// The soak's ledger: every way in which events can go wrong is found, and none where nothing did.
import { describe, expect, test } from '@jest/globals';
import { createLedger, type Ledger } from './ledger.ts';

/** Lines as `--envelope` writes them, numbered as they come. */
function createTalk(ledger: Ledger) {
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

type Talk = ReturnType<typeof createTalk>;

/** The faults of a run on whose first two connections the server wrote a1 to a3 and b1, b2. */
function findFaults(run: (talk: Talk, ledger: Ledger) => void): string[] {
  const faults: string[] = [];
  const ledger = createLedger(
    (server) => server === 1,
    (what) => faults.push(what),
  );
  ledger.noteWritten(0, ['a1', 'a2', 'a3']);
  ledger.noteWritten(1, ['b1', 'b2']);
  run(createTalk(ledger), ledger);
  ledger.finish();
  return faults;
}

/** The first connection, then the gap that its loss leaves, reported once the second one is open. */
function reconnect(talk: Talk, ids: string[], cause: string): void {
  talk.connected();
  talk.events(...ids);
  talk.connected();
  talk.gap(cause);
}

describe('a run without faults', () => {
  test.each<[string, (talk: Talk, ledger: Ledger) => void]>([
    [
      'all of it, over a clean end',
      (talk) => {
        reconnect(talk, ['a1', 'a2', 'a3'], 'closed-by-server');
        talk.events('b1', 'b2');
        talk.end();
      },
    ],
    [
      'the beginning, where the connection was broken off',
      (talk) => {
        reconnect(talk, ['a1'], 'dropped');
        talk.events('b1');
        talk.gap('silent');
        talk.end();
      },
    ],
    [
      'a connection of which the client never knew',
      (talk, ledger) => {
        talk.connected();
        talk.events('b1', 'b2');
        talk.gap('closed-normally');
        talk.end();
        expect(ledger.whole).toBe(1);
      },
    ],
    [
      'events that are still being written',
      (talk, ledger) => {
        talk.connected();
        talk.events('a1', 'a2', 'a3');
        ledger.noteWritten(0, ['a4']);
        talk.events('a4');
        talk.end();
      },
    ],
  ])('%s', (_, run) => {
    expect(findFaults(run)).toEqual([]);
  });
});

describe('what is found', () => {
  test.each<[string, RegExp, (talk: Talk, ledger: Ledger) => void]>([
    [
      'an event is missing',
      /ended cleanly .*1 events are missing/,
      (talk) => reconnect(talk, ['a1', 'a2'], 'closed-by-policy'),
    ],
    [
      'all are missing',
      /ended cleanly .*all events are missing/,
      (talk) => reconnect(talk, [], 'closed-normally'),
    ],
    ['one is missing in the middle', /out of order.*a3/, (talk) => reconnect(talk, ['a1', 'a3'], 'dropped')],
    ['one came twice', /out of order.*a1/, (talk) => reconnect(talk, ['a1', 'a1'], 'dropped')],
    ['two changed places', /out of order.*a3/, (talk) => reconnect(talk, ['a1', 'a3', 'a2'], 'dropped')],
    [
      'one was never written',
      /out of order.*x9/,
      (talk) => reconnect(talk, ['a1', 'a2', 'a3', 'x9'], 'dropped'),
    ],
    [
      'one of an earlier connection comes late',
      /out of order.*a3/,
      (talk) => {
        reconnect(talk, ['a1', 'a2'], 'dropped');
        talk.events('b1', 'a3');
      },
    ],
    [
      'a number is left out',
      /has the number 2, not 1/,
      (talk) => {
        talk.connected();
        talk.skip();
        talk.events('a1');
      },
    ],
    [
      'a healthy connection is treated as dead',
      /was taken for dead/,
      (talk) => reconnect(talk, ['a1'], 'silent'),
    ],
    [
      'a loss is not reported',
      /the loss of connection 1 was not reported/,
      (talk) => {
        talk.connected();
        talk.events('a1');
        talk.connected();
      },
    ],
    ['events before any connection', /is said to be of connection 0/, (talk) => talk.events('a1')],
    ['a gap before any connection', /without a connection/, (talk) => talk.gap('dropped')],
    [
      'the end has another count',
      /the end reports 7 events, and 1 was printed/,
      (talk) => {
        talk.connected();
        talk.events('a1');
        talk.end(7);
      },
    ],
    [
      'something comes after the end',
      /comes after the end/,
      (talk) => {
        talk.connected();
        talk.end();
        talk.events('a1');
      },
    ],
    ['a line is cut', /line 1 is cut/, (_talk, ledger) => ledger.takeLine('{"seq":1,"conn')],
    ['the end is missing', /the record of the end is missing/, (talk) => talk.connected()],
    ['there is nothing', /no events came out/, (talk) => talk.end()],
  ])('%s', (_, words, run) => {
    expect(findFaults(run).join('\n')).toMatch(words);
  });
});
