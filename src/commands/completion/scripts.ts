// The scripts that `atlantis completion` prints. They ask the program for the candidates, so an old script completes
// new flags. Users need eval, because bash 3.2 of macOS silently reads nothing from `source <(…)`.
import { parseChoice, SHELLS } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';

/** @throws UsageError for an unknown shell */
export function printCompletionScript(shell: string, io: Io): void {
  io.writeOut(SCRIPTS[parseChoice('shell', shell, SHELLS)]);
}

const BASH = `# Completion of atlantis for bash. In ~/.bashrc: eval "$(atlantis completion bash)"
_atlantis() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(command atlantis __complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ \${COMPREPLY[0]-} == ':files' ]] || return 0
  COMPREPLY=()
  # Without candidates, readline completes file names and quotes them. bash 3 has only compgen.
  compopt -o default 2>/dev/null && return 0
  local current=\${COMP_WORDS[COMP_CWORD]}
  [[ $current == = ]] && current=
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(compgen -f -- "$current")
}
complete -F _atlantis atlantis
`;

const ZSH = `#compdef atlantis
# Completion of atlantis for zsh. In ~/.zshrc, after compinit: eval "$(atlantis completion zsh)"
_atlantis() {
  local -a candidates
  candidates=("\${(@f)$(command atlantis __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  if [[ $candidates[1] == :files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    _files
  elif [[ -n $candidates[1] ]]; then
    _describe -V atlantis candidates
  fi
}
if [[ $funcstack[1] == _atlantis ]]; then
  _atlantis "$@"
else
  compdef _atlantis atlantis
fi
`;

const FISH = `# Completion of atlantis for fish. In config.fish: atlantis completion fish | source
function __atlantis_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    set -l candidates (command atlantis __complete fish -- $words[2..-1] "$current" 2>/dev/null)
    if test "$candidates[1]" = ':files'
        set -l flag (string match -r -- '^--[^=]+=' "$current")
        for file in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' "$current"))
            printf '%s\\n' "$flag$file"
        end
    else
        printf '%s\\n' $candidates
    end
end
complete -c atlantis -f -k -a '(__atlantis_complete)'
`;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
