// Defines `atlantis completion`.
import { Argument } from 'commander';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { SHELLS } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';

export function addCompletion(program: DocumentedCommand, io: Io): void {
  const shell = new Argument('<shell>', SHELLS.join(', '));
  shell.argChoices = [...SHELLS];
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description(
      'Print a script for your shell that completes commands, flags, values, profile names and files.',
    )
    .addArgument(shell)
    .note('Install', 'add a line to the startup file of your shell (zsh: after compinit)', {
      '~/.bashrc': 'eval "$(atlantis completion bash)"',
      '~/.zshrc': 'eval "$(atlantis completion zsh)"',
      '~/.config/fish/config.fish': 'atlantis completion fish | source',
    })
    .example('eval "$(atlantis completion bash)"', 'this session only')
    .example('atlantis completion zsh > "$HOME/.zsh/completions/_atlantis"', 'a directory in fpath')
    .example('atlantis completion fish > ~/.config/fish/completions/atlantis.fish')
    .action(async (name: string) => {
      const { printCompletionScript } = await import('./scripts.ts');
      printCompletionScript(name, io);
    });
}
