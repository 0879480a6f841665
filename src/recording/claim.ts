// One run at a time records into a file.
//
// Where no lock can be made beside the recording, as in a folder that this user cannot write to, there is none: a
// recording that could have been made is worth more than the check.
import { isAtlantisError, UsageError } from '../errors.ts';
import { type Lock, type LockHost, takeLock } from '../io/lock.ts';

export interface ClaimEvents {
  /** The recording is locked by a run that cannot be asked, and is watched. */
  warn(message: string): void;
  /** Another run took the recording over because this one was suspended. */
  onLost(): void;
}

/**
 * Claims the recording at this absolute path, without links. Undefined where that is not possible.
 * @throws UsageError that names the process which has it
 */
export async function claimRecording(
  path: string,
  host: LockHost,
  events: ClaimEvents,
): Promise<Lock | undefined> {
  const what = `--record: ${JSON.stringify(path)}`;
  const describeHolder = (pid: string): string => `is being recorded into by another run (process ${pid})`;
  const hint = 'give each run a file of its own';
  try {
    return await takeLock(`${path}.lock`, host, {
      what,
      describeHolder,
      hint,
      Refusal: UsageError,
      ...events,
    });
  } catch (error) {
    if (isAtlantisError(error)) throw error;
    return undefined;
  }
}
