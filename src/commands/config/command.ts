// The commands of `atlantis config`: their flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { PRESET, SETTINGS } from '../../settings/defaults.ts';
import { LIST_SETTINGS_FLAGS } from './flags.ts';

export function addConfigCommands(program: DocumentedCommand, io: Io): void {
  const config = program
    .command('config')
    .summary('manage settings: defaults of flags, and filter presets')
    .description(
      'Manage settings: default values of flags for terminal output, and filter presets for --preset. The defaults do not affect pipes and files; flags and environment variables override them. The settings file is next to the profile store and never contains keys.',
    )
    .note(
      'Settings',
      'each one is the default of the flag of the same name; those that begin with `top.` are for `stream top`',
      Object.fromEntries([
        ...[...SETTINGS].map(([name, { meaning }]) => [name, meaning]),
        [`${PRESET}<name>`, 'filter expression, as for --where; use it with `--preset <name>`'],
      ]),
    )
    .example('atlantis config set time utc')
    .example("atlantis config set preset.whales 'amount_usd > 10M and chain in (base, ethereum)'")
    .example('atlantis stream tail --preset whales');

  config
    .command('set')
    .summary('store a setting')
    .argument('<setting>', 'name of a setting, see `atlantis config list`')
    .argument('<value>', 'value, as the flag of the same name accepts it')
    .example('atlantis config set fields chain,amount_usd,token')
    .example('atlantis config set theme light')
    .example('atlantis config set top.by token')
    .example("atlantis config set preset.whales 'amount_usd > 10M'")
    .action(async (name: string, value: string, _options, command: DocumentedCommand) => {
      const { setSetting } = await import('./run.ts');
      await setSetting(name, value, command.optsWithGlobals(), io);
    });

  config
    .command('list')
    .summary('list all settings with their values and sources')
    .flags(LIST_SETTINGS_FLAGS)
    .example('atlantis config list')
    .example('atlantis config list --json | jq .time.value')
    .action(async (_options, command: DocumentedCommand) => {
      const { listSettings } = await import('./run.ts');
      await listSettings(command.optsWithGlobals(), io);
    });

  config
    .command('unset')
    .summary('remove a setting, so that its default applies')
    .argument('<setting>', 'name of a setting, see `atlantis config list`')
    .example('atlantis config unset time')
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { unsetSetting } = await import('./run.ts');
      await unsetSetting(name, command.optsWithGlobals(), io);
    });
}
