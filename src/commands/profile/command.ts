// `atlantis profile …`: its place in the command line, and nothing that runs before one of them is called.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { ADD_FLAGS, LIST_FLAGS, PRINT_FLAGS, REMOVE_FLAGS, SHOW_FLAGS } from './flags.ts';

/** Adds the group. */
export function addProfileCommands(program: DocumentedCommand, io: Io): void {
  const profile = program
    .command('profile')
    .summary('keep URLs and keys under names')
    .description('Keep base URLs and keys under names, in a file that only you can read.');
  profile
    .example('atlantis profile add main --url https://api.atlantis.example')
    .example('atlantis profile list');
  addAdd(profile, io);

  profile
    .command('list')
    .summary('all profiles, the one in use marked')
    .description('List all profiles. Of a key only the prefix is shown.')
    .flags(LIST_FLAGS)
    .example('atlantis profile list')
    .example("atlantis profile list --json | jq -r '.[].name'")
    .action(async (_options, command: DocumentedCommand) => {
      const { listProfiles } = await import('./list.ts');
      await listProfiles(command.optsWithGlobals(), io);
    });

  profile
    .command('show')
    .summary('every effective value, and where it came from')
    .description('Show every value that a command would use now, and which source it came from.')
    .argument('[profile]', 'as --profile')
    .flags(SHOW_FLAGS)
    .example('atlantis profile show')
    .example('atlantis profile show main --json')
    .action(async (name: string | undefined, _options, command: DocumentedCommand) => {
      const { showProfile } = await import('./show.ts');
      await showProfile(name, command.optsWithGlobals(), io);
    });

  profile
    .command('use')
    .summary('make a profile the one in use')
    .argument('<profile>', 'one of `atlantis profile list`')
    .example('atlantis profile use main')
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { chooseProfile } = await import('./change.ts');
      await chooseProfile(name, command.optsWithGlobals(), io);
    });

  profile
    .command('rename')
    .summary('give a profile another name')
    .argument('<profile>', 'its name now')
    .argument('<name>', 'its new one')
    .example('atlantis profile rename main production')
    .action(async (from: string, to: string, _options, command: DocumentedCommand) => {
      const { renameProfile } = await import('./change.ts');
      await renameProfile(from, to, command.optsWithGlobals(), io);
    });

  profile
    .command('remove')
    .summary('forget a profile and its key')
    .argument('<profile>', 'one of `atlantis profile list`')
    .flags(REMOVE_FLAGS)
    .example('atlantis profile remove main')
    .example('atlantis profile remove main --yes', 'in a script')
    .action(async (name: string, _options, command: DocumentedCommand) => {
      const { removeProfile } = await import('./change.ts');
      io.end(await removeProfile(name, command.optsWithGlobals(), io));
    });

  profile
    .command('path')
    .summary('where the profiles are kept')
    .flags(PRINT_FLAGS)
    .example('ls -l "$(atlantis profile path)"')
    .action(async (_options, command: DocumentedCommand) => {
      const { printPath } = await import('./list.ts');
      await printPath(command.optsWithGlobals(), io);
    });
}

function addAdd(profile: DocumentedCommand, io: Io): void {
  profile
    .command('add')
    .summary('store a base URL and a key')
    .description('Store a base URL and a key under a name. On a terminal, asks for what is missing.')
    .argument('<name>', 'up to 64 letters, digits, dots, dashes, underscores')
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
