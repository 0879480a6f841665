// `import { stream } from 'atlantis-cli'`: the event stream for programs. Everything exported here is public API.
//
// No output, no process handlers; reads the environment only with `useEnvironment`.
import { systemClock } from '../clock.ts';
import { processEnvironment } from '../io/io.ts';
import { createRedactor } from '../io/redact.ts';
import { EventStream, type StreamDeps } from './event-stream.ts';
import { translateHint } from './messages.ts';
import { parseStreamOptions, type StreamOptions } from './options.ts';
import { prepareStream } from './prepare.ts';

export type { CauseKind } from '../connection/cause-table.ts';
export type { Cause, EndReason } from '../connection/lifecycle.ts';
export {
  AtlantisError,
  CredentialError,
  EXIT,
  type ExitCode,
  isAtlantisError,
  UsageError,
} from '../errors.ts';
export type { EventStream } from './event-stream.ts';
export type {
  Connected,
  Connecting,
  Discarded,
  EventBatch,
  Events,
  Gap,
  Lost,
  Notice,
  Retrying,
  StreamEvent,
  StreamItem,
} from './items.ts';
export { StreamEndedError } from './items.ts';
export type { ReadKey, StreamCallbacks, StreamOptions } from './options.ts';
export type { Pull } from './pull.ts';

const DEPS: StreamDeps = {
  clock: systemClock,
  random: Math.random,
  readEnvironment: processEnvironment,
  translateHint,
};

/**
 * The stream of events. It connects on the first pull (`for await`), reconnects by the rules of docs/errors.md
 * and reads only as fast as it is pulled.
 *
 * @throws UsageError, CredentialError for invalid options; filters are checked on the first pull
 */
export function stream(options: StreamOptions): EventStream {
  const config = parseSafely(options);
  return new EventStream(config, () => prepareStream(config, DEPS), DEPS);
}

/** No error quotes a key, even one that is given as another option (contract P4). */
function parseSafely(options: StreamOptions): ReturnType<typeof parseStreamOptions> {
  try {
    return parseStreamOptions(options);
  } catch (error) {
    if (error instanceof Error) {
      const redactor = createRedactor();
      if (typeof options?.key === 'string') redactor.addSecret(options.key);
      error.message = redactor.redact(error.message);
      error.stack = redactor.redact(error.stack ?? '');
    }
    throw error;
  }
}
