// The commands of `atlantis profile`: their flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { ADD_FLAGS, LIST_PROFILES_FLAGS, PRINT_FLAGS, REMOVE_FLAGS, SHOW_FLAGS } from './flags.ts';

export function addProfileCommands(program: DocumentedCommand, io: Io): void {
  const profile = program
    .command('profile')
    .summary('manage profiles: a base URL and an API key under a name')
    .description(
      'Manage profiles: a base URL and an API key under a name, in a file that only you can read.',
    );
  profile
    .example('atlantis profile add main --url https://api.atlantis.example')
    .example('atlantis profile list');
  addProfileAdd(profile, io);

  profile
    .command('list')
    .summary('list profiles; * marks the active one')
    .description('List all profiles; * marks the active one. Only the prefix of a key is shown.')
    .flags(LIST_PROFILES_FLAGS)
    .example('atlantis profile list')
    .example("atlantis profile list --json | jq -r '.[].name'")
    .action(async (_options, command: DocumentedCommand) => {
      const { listProfiles } = await import('./show.ts');
      await listProfiles(command.optsWithGlobals(), io);
    });

  profile
    .command('show')
    .summary('show the settings in effect and their sources')
    .description(
      'Show each setting that a command would use now, and its source: flag, environment, profile, settings file or default.',
    )
    .argument('[profile]', 'same as --profile')
    .flags(SHOW_FLAGS)
    .example('atlantis profile show')
    .example('atlantis profile show main --json')
    .action(async (name: string | undefined, _options, command: DocumentedCommand) => {
      const { showProfile } = await import('./show.ts');
      await showProfile(name, command.optsWithGlobals(), io);
    });

  profile
    .command('use')
    .summary('make a profile the active one')
    .argument('<profile>', 'name of a profile, see `atlantis profile list`')
    .example('atlantis profile use main')
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { selectProfile } = await import('./change.ts');
      await selectProfile(name, command.optsWithGlobals(), io);
    });

  profile
    .command('rename')
    .summary('rename a profile')
    .argument('<profile>', 'current name')
    .argument('<name>', 'new name')
    .example('atlantis profile rename main production')
    .action(async (from: string, to: string, _options, command: DocumentedCommand) => {
      const { renameProfile } = await import('./change.ts');
      await renameProfile(from, to, command.optsWithGlobals(), io);
    });

  profile
    .command('remove')
    .summary('remove a profile and its key')
    .argument('<profile>', 'name of a profile, see `atlantis profile list`')
    .flags(REMOVE_FLAGS)
    .example('atlantis profile remove main')
    .example('atlantis profile remove main --yes', 'in a script')
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { removeProfile } = await import('./change.ts');
      io.end(await removeProfile(name, command.optsWithGlobals(), io));
    });

  profile
    .command('path')
    .summary('print the path of the profile file')
    .flags(PRINT_FLAGS)
    .example('ls -l "$(atlantis profile path)"')
    .action(async (_options, command: DocumentedCommand) => {
      const { printPath } = await import('./show.ts');
      await printPath(command.optsWithGlobals(), io);
    });
}

function addProfileAdd(profile: DocumentedCommand, io: Io): void {
  profile
    .command('add')
    .summary('store a base URL and an API key')
    .description(
      'Store a base URL and an API key under a name. On a terminal, it prompts for missing values.',
    )
    .argument('<name>', 'name of the profile: letters, digits, dots, dashes, underscores; at most 64')
    .flags(ADD_FLAGS)
    .example('atlantis profile add main --url https://api.atlantis.example', 'asks for the key')
    .example('atlantis profile add ci --url https://api.atlantis.example --key-stdin < key.txt')
    .example(
      'atlantis profile add vault --url https://api.atlantis.example --key-command op read op://dev/atlantis/key',
    )
    .example('atlantis profile add main --url https://api.atlantis.example --keychain', 'in the keychain')
    .example(
      `atlantis profile add mac --url https://api.atlantis.example --key-command '["security","find-generic-password","-s","atlantis","-w"]'`,
    )
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { addProfile } = await import('./add.ts');
      io.end(await addProfile(name, command.optsWithGlobals(), io));
    });
}
