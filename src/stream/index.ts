// `import { stream } from 'atlantis-cli'`: the event stream for programs, as `atlantis stream tail` follows it.
//
// No output, no process handlers; the environment is read only where asked. What is exported here is API.
import { systemClock } from '../clock.ts';
import { processEnvironment } from '../io/io.ts';
import { EventStream } from './event-stream.ts';
import { speakOfOptions } from './items.ts';
import { checkOptions, type StreamOptions } from './options.ts';
import { prepareStream, type StreamDeps } from './prepare.ts';

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
export type { EventStream, Pull } from './event-stream.ts';
export type {
  Connected,
  Connecting,
  Discarded,
  EventBatch,
  Events,
  Gap,
  Lost,
  Retrying,
  StreamEvent,
  StreamItem,
} from './items.ts';
export { StreamEndedError } from './items.ts';
export type { ReadKey, StreamCallbacks, StreamOptions } from './options.ts';

const DEPS: StreamDeps = {
  clock: systemClock,
  random: Math.random,
  readEnvironment: processEnvironment,
  phraseHint: speakOfOptions,
};

/**
 * The stream of events. It connects with the first pull (`for await`), reconnects by the rules of docs/errors.md
 * and reads only as fast as it is pulled.
 *
 * @throws UsageError, CredentialError for options that cannot be used; filters are looked at with the first pull
 */
export function stream(options: StreamOptions): EventStream {
  const config = checkOptions(options);
  return new EventStream(config, () => prepareStream(config, DEPS), DEPS);
}
