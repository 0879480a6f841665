// Changes to the profiles as plain data: what a writer does between reading and writing the store.
//
// Everything that this version does not know stays in its place, so that an older atlantis loses nothing
// that a newer one wrote.
import { FORMAT_VERSION, type JsonObject, type Profile } from './profile-file.ts';

/** The profiles while they are being changed. Nothing is written until the change is through. */
export interface StoreDraft {
  has(name: string): boolean;
  names(): string[];
  /** Adds a profile, or gives an existing one a new URL and key. */
  put(profile: Profile): void;
  /** Removes a profile; it is no longer the one in use either. */
  remove(name: string): void;
  /** Gives a profile another name in the same place; it stays in use if it was. */
  rename(from: string, to: string): void;
  /** Name of the profile in use. */
  current: string | undefined;
}

/** A draft of what was read, or of an empty store; `json()` is what to write. */
export function createDraft(read: JsonObject | undefined): { draft: StoreDraft; json: () => JsonObject } {
  const { current, profiles, ...rest } = read ?? {};
  const isRecord = typeof profiles === 'object' && profiles !== null;
  const entries = new Map<string, JsonObject>(isRecord ? Object.entries(profiles) : []);
  const draft: StoreDraft = {
    current: typeof current === 'string' ? current : undefined,
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
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
    // fromEntries and spread define properties instead of assigning them: `__proto__` is a name like any.
    json: () => ({
      ...rest,
      version: FORMAT_VERSION,
      ...(draft.current === undefined ? {} : { current: draft.current }),
      profiles: Object.fromEntries(entries),
    }),
  };
}
