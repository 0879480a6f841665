// Runs a relay of one event to an HTTP sink until it reports a fault of the sink or ends.
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { type StatusRecord, startTail, type TailOptions } from '../helpers/tail.ts';

export interface SinkRun {
  /** The message of the first report. */
  readonly message: string;
  readonly hint: string;
  /** The exit code; undefined if the relay retried, and was therefore stopped. */
  readonly code: number | undefined;
  readonly stderr: string;
}

const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms'];

export async function runSink(
  to: string,
  args: readonly string[] = [],
  options: TailOptions = {},
): Promise<SinkRun> {
  const service = await startScriptedServer(streamHandler({ events: ['{"id":"evt_1"}'] }));
  const { child, finish } = startTail(service.url, ['--to', to, '--limit', '1', ...EAGER, ...args], {
    command: 'relay',
    log: 'json',
    ...options,
  });
  const reported = child.waitForStderr(/"state":"failed"|"event":"error"/);
  // A relay that can deliver ends without a report.
  await Promise.race([reported, child.exit]).catch(() => undefined);
  if (!child.stderrText.includes('"event":"error"')) child.kill('SIGTERM');
  const { code, signal, records, stderr } = await finish();
  const { message = '', hint = '' } = records.find(isReport) ?? {};
  return { message, hint, code: signal === null ? (code ?? undefined) : undefined, stderr };
}

function isReport({ event, state }: StatusRecord): boolean {
  return event === 'error' || (event === 'sink' && state === 'failed');
}
