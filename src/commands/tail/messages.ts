// Messages of `stream tail`: `--record`.
import type { ErrorText } from '../../errors.ts';
import { sayRequires } from '../../flags/messages.ts';

export const A_FILE_NAME = 'a file name';

export const sayRecordRequired = (): ErrorText =>
  sayRequires(['--record-max-size', '--record-max-age', '--record-keep'], '--record', 'add --record <file>');

export const sayRotationRequired = (): ErrorText =>
  sayRequires(
    ['--record-keep'],
    '--record-max-size or --record-max-age',
    'without them the recording is not rotated',
  );
