// `simulate --replay`: a recording as a scenario; each client gets it from the start, at the recorded or a given pace.
import { existsSync, statSync } from 'node:fs';
import { systemClock as clock } from '../../clock.ts';
import { isAtlantisError, UsageError } from '../../errors.ts';
import { textsOf } from '../../events/batch.ts';
import { createDamageReport } from '../../recording/damage-report.ts';
import { sayPlain } from '../../recording/messages.ts';
import { type PlayPace, playRecording } from '../../recording/play.ts';
import { readLines } from '../../recording/read-lines.ts';
import type { Scenario } from '../../simulator/scenarios.ts';
import type { Reporter, StatusRecord } from '../../ui/reporter.ts';
import * as say from './messages.ts';

const NO_STDIN = (): never => {
  throw new UsageError(...say.sayReplayFromStdin());
};

/** Damaged lines are reported only for the first client. @throws UsageError if the file cannot be read or played */
export async function createReplay(path: string, pace: PlayPace, reporter: Reporter): Promise<Scenario> {
  await assertPlayable(path, pace, reporter);
  let isFirst = true;

  async function* feed(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const damage = isFirst ? createDamageReport(reporter) : undefined;
    isFirst = false;
    let events = 0;
    const startedAtMs = clock.monotonicMs();
    try {
      for await (const item of playRecording(readLines(path, NO_STDIN, signal), {
        ...pace,
        path,
        clock,
        signal,
      })) {
        if (item.kind === 'damaged') damage?.note(item.line, item.why);
        if (item.kind !== 'events') continue;
        events += item.batch.count;
        yield textsOf(item.batch).map((text) => text.toString('utf8'));
      }
    } catch (error) {
      // Other clients are still served.
      reporter.report(describeFailure(error));
    }
    if (damage !== undefined)
      reporter.report(damage.summarize({ events, durationMs: clock.monotonicMs() - startedAtMs }));
  }

  return {
    summary: say.nameReplay(path),
    getAct() {
      if (existsSync(path)) return { steps: [{ do: 'welcome' }, { do: 'feed', open: feed }] };
      reporter.report(say.sayRecordingGone(path));
      return { refuse: { status: 500 } };
    },
  };
}

/** @throws UsageError for a file that cannot be played, or can be read only once */
async function assertPlayable(path: string, pace: PlayPace, reporter: Reporter): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    throw new UsageError(...say.sayReplayNotAFile(path));
  }
  const { signal } = new AbortController();
  const onPlain = pace.ratePerSecond === undefined ? () => reporter.report(sayPlain()) : undefined;
  const play = { ...pace, path, speed: Number.POSITIVE_INFINITY, clock, signal, onPlain };
  for await (const { kind } of playRecording(readLines(path, NO_STDIN, signal), play)) {
    if (kind !== 'damaged') break;
  }
}

function describeFailure(error: unknown): StatusRecord {
  if (!isAtlantisError(error)) throw error;
  return { event: 'error', level: 'error', message: error.message, hint: error.hint };
}
