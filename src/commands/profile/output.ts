// The output of the profile commands. It shows only the prefix of a key, and only the program of a key command.
import type { Io } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import type { Profile } from '../../profiles/read.ts';
import { makeVisible, stringifySafe } from '../../render/sanitize.ts';
import { findKeychainEntry } from '../../settings/keychain.ts';
import { nameProfile } from '../../settings/messages.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { CELLS } from './messages.ts';

const GAP = '  ';
const INDENT = '    ';

/** Prints a table on stdout. */
export function printTable(io: Io, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map((cell) => io.toDisplay(cell)));
  print(io, formatTable(header, cells, io.stdout.columns()));
}

/**
 * A table with control characters made visible. If it is wider than the terminal, each row becomes a block: its first
 * cell, and below it the others with their names.
 *
 * @param columns width of the terminal; undefined without one
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const cells = rows.map((row) => row.map((cell) => makeVisible(cell)));
  const lines = alignColumns([header, ...cells]);
  const isTooWide = columns !== undefined && lines.some((line) => line.length > columns);
  const shown = isTooWide ? cells.flatMap((row) => formatBlock(header, row)) : lines;
  return shown.map((line) => `${line}\n`).join('');
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function formatBlock(header: readonly string[], [title = '', ...cells]: readonly string[]): string[] {
  const named = cells.map((cell, at) => [`${INDENT}${(header[at + 1] ?? '').toLowerCase()}`, cell]);
  return [title, ...alignColumns(named)];
}

/** A profile for `--json`; the names are part of the contract. */
interface ProfileRecord {
  readonly name: string;
  readonly current: boolean;
  /** Base URL; null if the stored one is not valid. */
  readonly url: string | null;
  readonly key_source: 'stored' | 'command' | 'keychain';
  /** Prefix of a stored key. */
  readonly key_prefix?: string;
  /** Program of a key command, without its arguments. */
  readonly key_command?: string;
  /** Name of the keychain, and of the entry in it. */
  readonly keychain?: string;
  readonly keychain_account?: string;
}

export function describeProfile(profile: Profile, current: string | undefined): ProfileRecord {
  const { name, key, keyCommand } = profile;
  const common = { name, current: name === current, url: describeUrl(profile.url, name) };
  if (keyCommand === undefined) {
    return { ...common, key_source: 'stored', key_prefix: keyPrefix(key ?? '') };
  }
  const entry = findKeychainEntry(keyCommand);
  if (entry === undefined) return { ...common, key_source: 'command', key_command: keyCommand[0] ?? '' };
  const { keychain, account } = entry;
  return { ...common, key_source: 'keychain', keychain: keychain.name, keychain_account: account };
}

/** How lists and messages show the key. */
export function describeKey({ key_prefix, key_command, keychain }: ProfileRecord): string {
  if (keychain !== undefined) return CELLS.keychain(keychain);
  return key_prefix === undefined ? CELLS.command(key_command) : `${key_prefix}…`;
}

function describeUrl(url: string, name: string): string | null {
  try {
    return parseStreamUrl(url, nameProfile(name)).base;
  } catch {
    return null;
  }
}

/** Prints on stdout, redacted (contract P4). */
export function print(io: Io, text: string): void {
  io.writeOut(io.redactor.redact(text));
}

/** Prints a value as one line of JSON that is safe on a terminal. */
export function printJson(io: Io, value: unknown): void {
  print(io, `${stringifySafe(value)}\n`);
}
