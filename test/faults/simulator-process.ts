// The simulator as a process of its own, as a user starts it.
import { type Child, startCli } from '../helpers/run-cli.ts';

/** Starts `stream simulate` on a free port, at 200 events a second by default. */
export async function startSimulator(...args: string[]): Promise<{ child: Child; port: number }> {
  const child = startCli(['stream', 'simulate', '--port', '0', '--rate', '200', ...args]);
  const [, port] = await child
    .waitForStdout(/http:\/\/127\.0\.0\.1:\d+/)
    .then((text) => /http:\/\/127\.0\.0\.1:(\d+)/.exec(text) ?? []);
  return { child, port: Number(port) };
}
