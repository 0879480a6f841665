// `config set`, `list` and `unset`.
import { UsageError } from '../../errors.ts';
import { parseFieldList } from '../../filter/field-list.ts';
import { createFilter, FILTER_FLAGS } from '../../filter/filter.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { looksLikeKey } from '../../io/key.ts';
import { printJson, printTable } from '../../io/print.ts';
import { isProfileName } from '../../profiles/read.ts';
import { settingsPath } from '../../profiles/settings-file.ts';
import { describeSettings, PRESET, SETTINGS } from '../../settings/defaults.ts';
import { parseLogFlags } from '../../settings/stream-config.ts';
import { parseGroupPaths, parseLagPaths } from '../../settings/table-paths.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import type { ListFlags } from './flags.ts';
import * as say from './messages.ts';

/** @throws UsageError, StoreError, OutputError */
export async function setSetting(name: string, value: string, flags: GlobalFlags, io: Io): Promise<void> {
  assertSettingName(name);
  if (looksLikeKey(value)) {
    throw new UsageError(...say.sayKeyAsValue());
  }
  await checkValue(name, value);
  await change((settings) => void settings.set(name, value), say.saySet(name, value), flags, io);
}

/** @throws UsageError, StoreError, OutputError */
export async function unsetSetting(name: string, flags: GlobalFlags, io: Io): Promise<void> {
  assertSettingName(name);
  const remove = (settings: Map<string, string>): void => {
    if (settings.delete(name)) return;
    const presets = [...settings.keys()].filter((one) => one.startsWith(PRESET));
    throw new UsageError(...say.sayNotSet(name, presets));
  };
  await change(remove, say.sayUnset(name), flags, io);
}

/** @throws StoreError */
export async function listSettings(flags: ListFlags, io: Io): Promise<void> {
  const settings = describeSettings(flags, io);
  if (flags.json === true) {
    printJson(io, settings);
    return;
  }
  const rows = Object.entries(settings).map(([name, { value, source }]) => [name, value ?? '-', source]);
  printTable(io, ['SETTING', 'VALUE', 'SOURCE'], rows);
}

async function change(
  apply: (settings: Map<string, string>) => void,
  done: string,
  flags: GlobalFlags,
  io: Io,
): Promise<void> {
  const reporter = await openReporter(flags, io);
  const warn = (message: string): void => reporter.report({ event: 'warning', level: 'warn', message });
  const { updateSettings } = await import('../../profiles/write.ts');
  const { notices } = await updateSettings(settingsPath(io), io, apply, { warn });
  notices.forEach(warn);
  reporter.report({ event: 'setting', level: 'info', message: done });
}

/** Does not read the stored color, so that these commands can repair a settings file that is not valid. */
async function openReporter(flags: GlobalFlags, io: Io): Promise<Reporter> {
  const log = parseLogFlags({ color: 'never', ...flags }, io);
  return createReporter(io, log, await loadLogStyle(log));
}

/** @throws UsageError for a name that is not a setting */
function assertSettingName(name: string): void {
  if (SETTINGS.has(name)) return;
  if (looksLikeKey(name)) throw new UsageError(...say.sayKeyAsSetting());
  if (!name.startsWith(PRESET)) {
    throw new UsageError(...say.sayUnknownSetting(name, [...SETTINGS.keys()], PRESET));
  }
  if (!isProfileName(name.slice(PRESET.length))) throw new UsageError(...say.sayInvalidPresetName(PRESET));
}

/** @throws UsageError */
async function checkValue(name: string, value: string): Promise<void> {
  SETTINGS.get(name)?.parse(value as never, name);
  if (name === 'fields' || name === 'top.usd-field') await parseFieldList(value, name);
  if (name === 'top.by') await parseGroupPaths(value, name);
  if (name === 'top.lag-field') parseLagPaths(value, name);
  if (name.startsWith(PRESET)) {
    await createFilter({ types: [], where: [value] }, { ...FILTER_FLAGS, where: name });
  }
}
