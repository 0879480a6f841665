// A recording before the session opens it: its file found, and claimed for this run alone.
import { OutputError } from '../errors.ts';
import type { LockHost } from '../io/lock.ts';
import type { Reporter } from '../ui/reporter.ts';
import { claimRecording } from './claim.ts';
import { openRecorder, type RecordConfig, type Recorder } from './recorder.ts';
import { locateRecording } from './recording-file.ts';

/** The process that records. */
export interface RecordingHost extends LockHost {
  readonly stdout: { readonly fd: number };
  readonly stderr: { readonly fd: number };
  ignoreFileSizeSignal(): void;
  onReopenSignal(handler: () => void): () => void;
}

export interface Recording {
  /** See `openRecorder`. */
  open(onFailure: (failure: OutputError) => void): Recorder;
  /** Lets other runs have it. */
  release(): void;
}

/** @throws UsageError if the file cannot be a recording or another run has it, OutputError if it cannot be opened */
export async function prepareRecording(
  config: RecordConfig,
  reporter: Reporter,
  host: RecordingHost,
): Promise<Recording> {
  host.ignoreFileSizeSignal();
  const path = locateRecording(config.path, [host.stdout.fd, host.stderr.fd]);
  const report = reporter.report.bind(reporter);
  let fail = (_failure: OutputError): void => {};
  const lock = await claimRecording(path, host, {
    warn: (message) => report({ event: 'warning', level: 'warn', message }),
    onLost: () => fail(new OutputError(`${JSON.stringify(path)} is now recorded into by another run`)),
  });
  let unwatch = (): void => {};
  return {
    open(onFailure) {
      fail = onFailure;
      const recorder = openRecorder({ ...config, path }, { clock: host.clock, report, onFailure });
      unwatch = host.onReopenSignal(() => recorder.reopen());
      return recorder;
    },
    release() {
      unwatch();
      lock?.release();
    },
  };
}
