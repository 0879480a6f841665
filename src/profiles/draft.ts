// The content of the store during a change. Fields that this version does not know are kept.
import { FORMAT_VERSION, isCommand, type Profile } from './read.ts';
import { SETTINGS_VERSION } from './settings-file.ts';
import type { JsonObject } from './store-file.ts';

/** What a change edits, and the JSON to write afterwards. */
export interface Draft<Content> {
  readonly draft: Content;
  json(): JsonObject;
}

export interface StoreDraft {
  has(name: string): boolean;
  names(): string[];
  keyCommand(name: string): readonly string[] | undefined;
  /** Adds a profile, or replaces the URL and the key of an existing one. */
  put(profile: Profile): void;
  /** If the profile was active, no profile is active afterwards. */
  remove(name: string): void;
  /** The profile keeps its position, and stays active if it was. */
  rename(from: string, to: string): void;
  /** Name of the active profile. */
  current: string | undefined;
}

/** @param stored the JSON of the store; undefined for an empty store */
export function draftProfiles(stored: JsonObject | undefined): Draft<StoreDraft> {
  const { current, profiles, ...rest } = stored ?? {};
  const entries = new Map(Object.entries((profiles ?? {}) as Record<string, JsonObject>));
  const draft: StoreDraft = {
    current: typeof current === 'string' ? current : undefined,
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    keyCommand(name) {
      const command = entries.get(name)?.['keyCommand'];
      return isCommand(command) ? command : undefined;
    },
    put({ name, url, key, keyCommand }) {
      const { url: _url, key: _key, keyCommand: _command, ...unknown } = entries.get(name) ?? {};
      const secret = keyCommand === undefined ? { key } : { keyCommand };
      entries.set(name, { url, ...secret, ...unknown });
    },
    remove(name) {
      entries.delete(name);
      if (draft.current === name) draft.current = undefined;
    },
    rename(from, to) {
      const renamed = [...entries].map(([name, entry]) => [name === from ? to : name, entry] as const);
      entries.clear();
      for (const [name, entry] of renamed) entries.set(name, entry);
      if (draft.current === from) draft.current = to;
    },
  };
  return {
    draft,
    // fromEntries and spread define properties instead of assigning them, so `__proto__` is an ordinary name.
    json: () => ({
      ...rest,
      version: FORMAT_VERSION,
      ...(draft.current === undefined ? {} : { current: draft.current }),
      profiles: Object.fromEntries(entries),
    }),
  };
}

/** The draft has the texts of the settings by name. @param stored the JSON of the file; undefined for no settings */
export function draftSettings(stored: JsonObject | undefined): Draft<Map<string, string>> {
  const { settings, ...rest } = stored ?? {};
  const draft = new Map(Object.entries((settings ?? {}) as Record<string, string>));
  return {
    draft,
    json: () => ({ ...rest, version: SETTINGS_VERSION, settings: Object.fromEntries(draft) }),
  };
}
