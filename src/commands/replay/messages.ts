// Messages of `stream replay`.
import { type ErrorText, EXIT } from '../../errors.ts';
import type { StatusRecord } from '../../ui/reporter.ts';

export const sayUntilBeforeSince = (): ErrorText => ['--until is before --since', 'use a later --until'];

export function sayRecordingDamaged(): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: '--strict: the recording is damaged',
    hint: 'without --strict, the rest of it is played',
    figures: { exit_code: EXIT.protocol },
  };
}
