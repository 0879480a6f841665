// What the environment says about the terminal. Many command-line tools read the same variables, through packages such
// as ci-info and supports-color.
import type { Io } from './io.ts';
import { isFile } from './line-writer.ts';
import { platformOf } from './platform.ts';

function isCi({ CI = '' }: Io['env']): boolean {
  return !['', '0', 'false'].includes(CI);
}

/** Without TERM, COLORTERM decides, except on Windows, which has no TERM. */
export function hasEscapes({ env, platform }: Pick<Io, 'env' | 'platform'>): boolean {
  const { TERM = '', COLORTERM } = env;
  return TERM === '' ? !platformOf(platform).hasTerm || COLORTERM !== undefined : TERM !== 'dumb';
}

/** Whether keys and a status line are wanted. If stdout is a pipe, its reader may use the same terminal. */
export function isInteractive(io: Pick<Io, 'env' | 'platform' | 'stdout' | 'stderr'>): boolean {
  if (!io.stderr.isTty || !hasEscapes(io) || isCi(io.env)) return false;
  return io.stdout.isTty || isFile(io.stdout);
}

/** 256 colors are the sixteen of the theme and 240 fixed ones. FORCE_COLOR=1 means sixteen. */
export function has256Colors({ env, platform }: Pick<Io, 'env' | 'platform'>): boolean {
  const { TERM = '', COLORTERM = '', FORCE_COLOR, TERM_PROGRAM = '' } = env;
  if (FORCE_COLOR === '1') return false;
  if (FORCE_COLOR === '2' || FORCE_COLOR === '3') return true;
  const isKnown = /-256(?:color)?$|^xterm-(?:kitty|ghostty)$|^alacritty$|^wezterm$/i.test(TERM);
  const isNew = COLORTERM !== '' || ['Apple_Terminal', 'iTerm.app'].includes(TERM_PROGRAM);
  return isKnown || isNew || !platformOf(platform).hasTerm;
}

type Version = readonly [major: number, minor: number];

/** Versions of WezTerm are dates. */
const FIRST_LINKING_WEZTERM = 20_200_620;
/** The form of WezTerm versions in the Nix package. */
const NIX_WEZTERM = /^0-unstable-(\d{4})-(\d{2})-(\d{2})$/;
/** Programs that follow links (OSC 8), by TERM_PROGRAM, from this version on. */
const LINKING_PROGRAMS: ReadonlyMap<string, Version> = new Map([
  ['iTerm.app', [3, 1]],
  ['WezTerm', [FIRST_LINKING_WEZTERM, 0]],
  ['vscode', [1, 72]],
  ['ghostty', [0, 0]],
  ['zed', [0, 0]],
  ['Orca', [0, 0]],
  ['WarpTerminal', [0, 0]],
]);
const LINKING_TERMS = ['alacritty', 'xterm-kitty', 'xterm-ghostty'];
/** 0.50 as a number; 0.50.0 crashes on a link. */
const FIRST_LINKING_VTE = 5_000;
const BROKEN_VTE = '0.50.0';

/** Decides as the package supports-hyperlinks does. */
export function hasLinks({ env, platform }: Pick<Io, 'env' | 'platform'>): boolean {
  const {
    CURSOR_TRACE_ID = '',
    FORCE_HYPERLINK = '',
    TERM = '',
    TERM_PROGRAM = '',
    TERM_PROGRAM_VERSION = '',
    VTE_VERSION = '',
  } = env;
  if (FORCE_HYPERLINK !== '') return Number.parseInt(FORCE_HYPERLINK, 10) !== 0;
  if (!hasEscapes({ env, platform })) return false;
  if (env['WT_SESSION'] !== undefined) return true;
  if (!platformOf(platform).hasTerm || isCi(env) || env['TEAMCITY_VERSION'] !== undefined) return false;
  const [major = 0, minor = 0] = TERM_PROGRAM_VERSION.split('.').map(
    (part) => Number.parseInt(part, 10) || 0,
  );
  const nixDate = NIX_WEZTERM.exec(TERM_PROGRAM_VERSION)?.slice(1).join('');
  if (TERM_PROGRAM === 'WezTerm' && nixDate !== undefined) return Number(nixDate) >= FIRST_LINKING_WEZTERM;
  // Cursor, a fork of VS Code with versions of its own.
  if (TERM_PROGRAM === 'vscode' && CURSOR_TRACE_ID !== '') return true;
  const first = LINKING_PROGRAMS.get(TERM_PROGRAM);
  if (first !== undefined) return major > first[0] || (major === first[0] && minor >= first[1]);
  if (VTE_VERSION !== '') {
    if (VTE_VERSION === BROKEN_VTE) return false;
    const [whole = 0, part = 0] = VTE_VERSION.split('.').map(Number);
    return (VTE_VERSION.includes('.') ? whole * 10_000 + part * 100 : whole) >= FIRST_LINKING_VTE;
  }
  return LINKING_TERMS.includes(TERM);
}
