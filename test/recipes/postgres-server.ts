// A PostgreSQL server of the test's own: fresh files and a socket in a temporary folder, no port, gone afterwards.
//
// PostgreSQL refuses to run as root. For root it is started as the user that Debian's package created.
import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { makeCleanEnvironment } from '../helpers/run-cli.ts';
import { untilShown } from './until.ts';

const VERSIONS = '/usr/lib/postgresql';
const isRoot = process.getuid?.() === 0;

function findPrograms(): string | undefined {
  try {
    const [newest] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
    return newest === undefined ? undefined : join(VERSIONS, newest, 'bin');
  } catch {
    return undefined;
  }
}

function findUser(): { uid: number; gid: number } | undefined {
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return entry === null ? undefined : { uid: Number(entry[1]), gid: Number(entry[2]) };
}

/** Whether a server can be started here. */
export function hasPostgres(): boolean {
  const programs = findPrograms();
  if (programs === undefined || (isRoot && findUser() === undefined)) return false;
  const run = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
  return run(join(programs, 'postgres')) && run('psql');
}

export interface PostgresServer {
  /** What `psql` needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** The lines that a query answers, without headings; throws what psql said if it failed. */
  query(sql: string): string[];
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Makes a database and starts the server, which is there until the end of the file of tests. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = findPrograms() ?? '';
  const folder = makeTempFolder('file');
  const user = isRoot ? findUser() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const as =
    user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const run = (name: string, ...args: readonly string[]): Child => {
    const [program = '', ...words] = [...as, join(programs, name), ...args];
    const env = makeCleanEnvironment();
    return startChild(program, words, { env, cwd: folder, limitMs: 600_000, lifetime: 'file' });
  };
  const data = join(folder, 'data');
  const options = ['-A', 'trust', '-U', 'atlantis', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const made = await run('initdb', '-D', data, ...options).exit;
  if (made.code !== 0) throw new Error(`initdb: ${made.stderr}`);

  const env = { PGHOST: folder, PGUSER: 'atlantis', PGDATABASE: 'postgres' };
  const ask = (sql: string) =>
    spawnSync('psql', ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
      env: { ...makeCleanEnvironment(), ...env },
      encoding: 'utf8',
    });
  let server: Child | undefined;
  const postgres: PostgresServer = {
    env,
    query(sql) {
      const { status, stdout, stderr } = ask(sql);
      if (status !== 0) throw new Error(`psql: ${stderr}`);
      return stdout.split('\n').slice(0, -1);
    },
    async kill() {
      // SIGQUIT is "immediate shutdown": clients are dropped, and the next start recovers.
      server?.kill('SIGQUIT');
      await server?.exit;
    },
    async start() {
      server = run('postgres', '-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off');
      await untilShown(
        () => ask('select 1').status,
        (status) => status === 0,
      );
    },
  };
  await postgres.start();
  return postgres;
}
