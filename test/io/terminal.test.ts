// What the environment says about the terminal: 256 colors, and links as supports-hyperlinks decides.
import { describe, expect, test } from '@jest/globals';
import { has256Colors, hasLinks } from '../../src/io/terminal.ts';

type Env = Readonly<Record<string, string>>;

describe('links', () => {
  test.each<[string, Env, boolean]>([
    ['xterm', { TERM: 'xterm-256color' }, false],
    [
      'iTerm2 3.1',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.1.0' },
      true,
    ],
    [
      'iTerm2 3.0',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.0.15' },
      false,
    ],
    ['iTerm2 4', { TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '4.0' }, true],
    [
      'WezTerm',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '20240203-110809-5046fc22' },
      true,
    ],
    [
      'WezTerm of 2019',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '20191218-101156' },
      false,
    ],
    [
      'WezTerm of Nix',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '0-unstable-2024-09-09' },
      true,
    ],
    [
      'WezTerm of Nix, of 2019',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '0-unstable-2019-12-31' },
      false,
    ],
    [
      'Cursor',
      {
        TERM: 'xterm-256color',
        TERM_PROGRAM: 'vscode',
        TERM_PROGRAM_VERSION: '0.45.1',
        CURSOR_TRACE_ID: 'a1b2',
      },
      true,
    ],
    ['Orca', { TERM: 'xterm-256color', TERM_PROGRAM: 'Orca' }, true],
    [
      'VS Code 1.72',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.72.0' },
      true,
    ],
    [
      'VS Code 1.71',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.71.9' },
      false,
    ],
    ['Ghostty', { TERM: 'xterm-ghostty', TERM_PROGRAM: 'ghostty', TERM_PROGRAM_VERSION: '1.0.0' }, true],
    [
      'Apple Terminal',
      { TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal', TERM_PROGRAM_VERSION: '455' },
      false,
    ],
    ['VTE 0.46', { TERM: 'xterm-256color', VTE_VERSION: '4601' }, false],
    ['VTE 0.60', { TERM: 'xterm-256color', VTE_VERSION: '6003' }, true],
    ['VTE 0.50.0, which crashes', { TERM: 'xterm-256color', VTE_VERSION: '0.50.0' }, false],
    ['VTE 0.50.1', { TERM: 'xterm-256color', VTE_VERSION: '0.50.1' }, true],
    ['kitty', { TERM: 'xterm-kitty' }, true],
    ['Alacritty', { TERM: 'alacritty' }, true],
    ['the Linux console', { TERM: 'linux' }, false],
    ['dumb', { TERM: 'dumb', VTE_VERSION: '6003' }, false],
    ['CI', { TERM: 'xterm-kitty', CI: 'true' }, false],
    ['TeamCity', { TERM: 'xterm-kitty', TEAMCITY_VERSION: '2024' }, false],
    ['FORCE_HYPERLINK=1', { TERM: 'xterm', FORCE_HYPERLINK: '1' }, true],
    ['FORCE_HYPERLINK=0', { TERM: 'xterm-kitty', FORCE_HYPERLINK: '0' }, false],
    ['FORCE_HYPERLINK empty', { TERM: 'xterm-kitty', FORCE_HYPERLINK: '' }, true],
  ])('are used or not in %s, with the environment %j: %s', (_name, env, expected) => {
    expect(hasLinks({ env, platform: 'linux' })).toBe(expected);
  });

  test('are used on Windows only in Windows Terminal', () => {
    expect(hasLinks({ env: { WT_SESSION: 'a' }, platform: 'win32' })).toBe(true);
    expect(hasLinks({ env: {}, platform: 'win32' })).toBe(false);
  });
});

describe('256 colors', () => {
  test.each<[Env, boolean]>([
    [{ TERM: 'xterm-256color' }, true],
    [{ TERM: 'tmux-256color' }, true],
    [{ TERM: 'xterm-kitty' }, true],
    [{ TERM: 'xterm', COLORTERM: 'truecolor' }, true],
    [{ TERM: 'xterm' }, false],
    [{ TERM: 'linux' }, false],
    [{ TERM: 'xterm-256color', FORCE_COLOR: '1' }, false],
    [{ TERM: 'linux', FORCE_COLOR: '2' }, true],
  ])('are used or not with the environment %j: %s', (env, expected) => {
    expect(has256Colors({ env, platform: 'linux' })).toBe(expected);
  });
});
