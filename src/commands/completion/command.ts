// `atlantis completion`: its place in the command line, and nothing that runs before it is called.
import { Argument } from 'commander';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { SHELLS } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';

export function addCompletion(program: DocumentedCommand, io: Io): void {
  const shell = new Argument('<shell>', SHELLS.join(', '));
  shell.argChoices = [...SHELLS];
  program
    .command('completion')
    .summary('completion for your shell')
    .description(
      'Print a script that completes commands, flags, their values, profile names and files in your shell.',
    )
    .addArgument(shell)
    .note('Install', 'a line in the start-up file of your shell', {
      '~/.bashrc': 'eval "$(atlantis completion bash)"',
      '~/.zshrc': 'eval "$(atlantis completion zsh)"    # after compinit',
      '~/.config/fish/config.fish': 'atlantis completion fish | source',
    })
    .example('eval "$(atlantis completion bash)"', 'for this session')
    .example('atlantis completion zsh > "$HOME/.zsh/completions/_atlantis"', 'a folder of fpath')
    .example('atlantis completion fish > ~/.config/fish/completions/atlantis.fish')
    .action(async (name: string) => {
      const { printCompletionScript } = await import('./scripts.ts');
      printCompletionScript(name, io);
    });
}
