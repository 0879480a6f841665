// Reads a YAML file that only its owner and root can change, and collects what is wrong with it.
//
// Every scalar stays the text that is in the file, because flags are parsed from text. Messages about invalid YAML
// never quote the file, which may contain secrets. Messages about a setting may quote its value, as for a flag.
import { closeSync, fstatSync } from 'node:fs';
import { type Document, type ErrorCode, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { isAtlantisError, UsageError } from '../../../errors.ts';
import { processUid } from '../../../io/io.ts';
import { sayNotRead } from '../../../io/messages.ts';
import { openToRead, readAtMost, refuseUtf16 } from '../../../io/read-file.ts';
import { isTrusted } from '../../../io/safe-file.ts';
import * as say from './messages.ts';

const FAULT_TEXTS: Readonly<Record<ErrorCode, string>> = say.YAML_FAULTS;

const MAX_BYTES = 1024 * 1024;
/** Enough for a few anchors that every sink uses. */
const MAX_ALIASES = 100;

export class Faults {
  readonly #path: string;
  readonly #findLine: (path: string) => number | undefined;
  readonly #all: { readonly line: number | undefined; readonly text: string }[] = [];

  constructor(path: string, findLine: (path: string) => number | undefined) {
    this.#path = path;
    this.#findLine = findLine;
  }

  get count(): number {
    return this.#all.length;
  }

  add(place: string, what: string, line = this.#findLine(place)): void {
    this.#all.push({ line, text: say.describeFault(line, place, what) });
  }

  /** A key is shown if it looks like the name of a setting; any other key may be a secret. */
  addUnknown(place: string, key: string, known: readonly string[]): void {
    const isName = /^[a-z][a-z-]{0,30}$/.test(key);
    const shown = isName ? place : place.slice(0, -key.length).replace(/\.$/, '');
    const what = shown === '' ? say.CONFIG_FAULTS.hasUnknown : say.describeUnknown(isName ? key : '', known);
    this.add(shown, what, this.#findLine(place));
  }

  /** If the action throws an error for the user, adds it and returns undefined. */
  async attempt<T>(place: string, action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      this.add(place, say.describeSettingFault(error, place));
      return undefined;
    }
  }

  /** @throws UsageError with all of them, each once, in the order of their lines */
  throwIfAny(): void {
    const sorted = this.#all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    // A fault in the defaults is found for each sink.
    const all = [...new Set(sorted.map(({ text }) => text))];
    if (all.length > 0) throw new UsageError(...say.sayConfigInvalid(this.#path, all));
  }
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws UsageError for a file that others can change, that cannot be read, or that is not YAML */
export async function readYaml(path: string): Promise<{ value: unknown; faults: Faults }> {
  const text = readOwn(path);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const faults = new Faults(path, (place) => findLine(document, lines, place));
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    faults.add('', say.describeYamlFault(FAULT_TEXTS[code]), lines.linePos(pos[0]).line);
  }
  faults.throwIfAny();
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), faults };
  } catch {
    faults.add('', say.CONFIG_FAULTS.aliases);
    faults.throwIfAny();
    throw new UsageError(...say.sayConfigInvalid(path, []));
  }
}

/** The line of a setting such as `sinks[1].batch`, or of the nearest setting that contains it. */
function findLine(document: Document, lines: LineCounter, place: string): number | undefined {
  const keys = [...place.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([key, index]) =>
    index === undefined ? key : Number(index),
  );
  for (let length = keys.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isNode(key) && String(key) === String(keys[length - 1]))
      : undefined;
    const node: unknown = pair?.key ?? document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function readOwn(path: string): string {
  let fd: number | undefined;
  try {
    fd = openToRead(path);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new UsageError(...say.sayConfigNotAFile(path));
    if (!isTrusted(stats)) throw new UsageError(...say.sayConfigOfOther(path));
    if (processUid() !== undefined && (stats.mode & 0o022) !== 0) {
      throw new UsageError(...say.sayConfigWritable(path));
    }
    return refuseUtf16(readAtMost(fd, MAX_BYTES)).toString('utf8');
  } catch (error) {
    if (isAtlantisError(error)) throw error;
    throw new UsageError(...sayNotRead('--config', path, error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
