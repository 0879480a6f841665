// Prepares `tail --record`: finds the file, takes its lock, and makes SIGUSR1 reopen the file.
import { isAtlantisError, OutputError, UsageError } from '../errors.ts';
import { type Lock, type LockDeps, takeLock } from '../io/lock.ts';
import type { Reporter } from '../ui/reporter.ts';
import { locateRecording } from './file.ts';
import { describeRecordingLock, sayTakenOver } from './messages.ts';
import { openRecorder, type RecordConfig, type Recorder } from './recorder.ts';

export interface Recording {
  open(onFailure: (failure: OutputError) => void): Recorder;
  release(): void;
}

interface RecordingDeps extends LockDeps {
  readonly stdout: { readonly fd: number };
  readonly stderr: { readonly fd: number };
  ignoreFileSizeSignal(): void;
  onReopenSignal(handler: () => void): () => void;
}

/**
 * @throws UsageError if the file cannot be a recording or is locked by another run, OutputError if it cannot be opened
 */
export async function prepareRecording(
  config: RecordConfig,
  reporter: Reporter,
  deps: RecordingDeps,
): Promise<Recording> {
  deps.ignoreFileSizeSignal();
  const path = locateRecording(config.path, [deps.stdout.fd, deps.stderr.fd]);
  const report = reporter.report.bind(reporter);
  let fail = (_failure: OutputError): void => {};
  let lock: Lock | undefined;
  let isReleased = false;
  const acquireLock = async (): Promise<void> => {
    const taken = await lockRecording(path, deps, {
      warn: (message) => report({ event: 'warning', level: 'warn', message }),
      onLost: () => void reacquireLock(),
    });
    if (isReleased) taken?.release();
    else lock = taken;
  };
  /** The lock may have been deleted with the recording, so its loss does not prove that another run has taken it. */
  const reacquireLock = async (): Promise<void> => {
    try {
      await acquireLock();
    } catch {
      fail(new OutputError(...sayTakenOver(path)));
    }
  };
  await acquireLock();
  let unwatch = (): void => {};
  return {
    open(onFailure) {
      fail = onFailure;
      const recorder = openRecorder({ ...config, path }, { clock: deps.clock, report, onFailure });
      unwatch = deps.onReopenSignal(() => recorder.reopen());
      return recorder;
    },
    release() {
      isReleased = true;
      unwatch();
      lock?.release();
    },
  };
}

/** Undefined if no lock can be created, as in a read-only directory. Recording matters more than the lock. */
async function lockRecording(
  path: string,
  deps: LockDeps,
  events: { warn(message: string): void; onLost(): void },
): Promise<Lock | undefined> {
  try {
    return await takeLock(`${path}.lock`, deps, {
      ...describeRecordingLock(path),
      ErrorClass: UsageError,
      ...events,
    });
  } catch (error) {
    if (isAtlantisError(error)) throw error;
    return undefined;
  }
}
