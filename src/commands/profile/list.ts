// `profile list` and `profile path`. Neither writes anything.
import { StoreError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { makeVisible } from '../../render/sanitize.ts';
import { describeKey, describeProfile, print, printJson, printTable } from './describe.ts';
import type { PrintFlags } from './flags.ts';
import { openContext, readProfiles } from './profiles.ts';

/** Prints all profiles in the order of the store. @throws StoreError */
export async function listProfiles(flags: PrintFlags, io: Io): Promise<void> {
  const context = await openContext(flags, io);
  const file = readProfiles(context, io);
  const records = [...file.profiles.values()].map((profile) => describeProfile(profile, file.current));
  if (flags.json === true) {
    printJson(io, records);
    return;
  }
  if (records.length === 0) {
    context.say('no profiles yet: add one with atlantis profile add <name>');
    return;
  }
  const rows = records.map((record) => [
    `${record.current ? '*' : ' '} ${record.name}`,
    record.url ?? '(not a URL of the service)',
    record.key_command ?? describeKey(record),
    record.key_source,
  ]);
  printTable(io, ['  NAME', 'URL', 'KEY', 'SOURCE'], rows);
}

/** Prints where the store is, whether or not it is there. @throws StoreError without a home */
export async function printPath(flags: PrintFlags, io: Io): Promise<void> {
  const { path } = await openContext(flags, io);
  if (path === undefined) {
    throw new StoreError('there is no home directory to keep profiles in', 'set ATLANTIS_CONFIG_DIR');
  }
  if (flags.json === true) printJson(io, { path });
  // As it is, for scripts; a terminal gets it made safe.
  else print(io, `${io.stdout.isTty ? makeVisible(path) : path}\n`);
}
