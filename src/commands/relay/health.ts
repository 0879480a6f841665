// `stream relay --health`: asks another process for its health, for container health checks.
import { get } from 'node:http';
import { formatAddress } from '../../connection/dial/address.ts';
import { type ErrorText, EXIT } from '../../errors.ts';
import { parseFlags } from '../../flags/definition.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { parseLogFlags, type StreamFlags } from '../../settings/stream-config.ts';
import { createReporter, loadLogStyle } from '../../ui/reporter.ts';
import { assertAlone } from './alone.ts';
import { HEALTH_FLAGS, type RelayFlags } from './flags.ts';
import {
  describeBadAnswer,
  describeNoAnswer,
  describeUnreachable,
  HEALTH_IS_ALONE,
  sayUnhealthy,
} from './messages.ts';

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 64 * 1024;

/** Exit 0 if the page answers 200, 7 if it answers anything else or nothing. @throws UsageError */
export async function askHealth(flags: RelayFlags & StreamFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const { health } = parseFlags(HEALTH_FLAGS, flags);
  assertAlone('--health', HEALTH_FLAGS, HEALTH_IS_ALONE, flags);
  if (health === undefined) return { exitCode: EXIT.ok };
  const { host, port, path } = health;
  const problem = await findProblem(host, port, path);
  if (problem === undefined) return { exitCode: EXIT.ok };
  const page = `http://${formatAddress(host, port)}${path}`;
  createReporter(io, log, await loadLogStyle(log)).report(sayUnhealthy(page, problem));
  return { exitCode: EXIT.unreachable };
}

/** Undefined after a 200. */
function findProblem(host: string, port: number, path: string): Promise<ErrorText | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) request.destroy();
      });
      response.on('close', () =>
        resolve(response.statusCode === 200 ? undefined : describeBadAnswer(response.statusCode, body)),
      );
    });
    const deadline = setTimeout(() => {
      resolve(describeNoAnswer(TIMEOUT_MS));
      request.destroy();
    }, TIMEOUT_MS);
    request.on('error', ({ message }) => resolve(describeUnreachable(message)));
    request.on('close', () => clearTimeout(deadline));
  });
}
