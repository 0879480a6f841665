// The colors; the only importer of chalk. Loaded only if colors are wanted.
//
// Color never carries meaning alone. Bright black is not used: in Solarized Dark it is the color of the background, and
// in Solarized Light that of the darkest text. Bold is never combined with a color, since some terminals then show the
// bright color, which Solarized uses for its grays.
import { Chalk } from 'chalk';
import { type LogStyle, NO_PAINT, type Paint, type Style } from './paint.ts';

/** The sixteen colors, which the theme of the terminal defines. */
const chalk = new Chalk({ level: 1 });
/** The fixed colors of a terminal with 256. */
const manyColors = new Chalk({ level: 2 });

/** Of the 240 fixed colors: a contrast of at least 3 on black, white and both backgrounds of Solarized. */
export const CHAIN_COLORS = [32, 64, 166, 163, 30, 99, 136, 168, 28, 69, 131, 133] as const;

export function createColorStyle(has256Colors: boolean): Style {
  const dim = split(chalk.dim);
  const bold = split(chalk.bold);
  const few = [chalk.cyan, chalk.magenta, chalk.green, chalk.yellow, chalk.red];
  const chains = has256Colors ? CHAIN_COLORS.map((color) => manyColors.ansi256(color)) : few;
  return {
    time: dim,
    types: [bold, split(chalk.italic), NO_PAINT],
    chains: chains.map(split),
    dollars: bold,
    name: dim,
    note: dim,
    header: dim,
    mark: split(chalk.inverse),
  };
}

export function createColorLogStyle(): LogStyle {
  return {
    debug: split(chalk.dim),
    info: split(chalk.dim),
    warn: split(chalk.yellow),
    error: split(chalk.red),
    live: split(chalk.green),
    waiting: split(chalk.yellow),
    chart: split(chalk.cyan),
  };
}

/** Two concatenations are ten times as fast as chalk, which also handles nested styles. */
function split(paint: (text: string) => string): Paint {
  const [open = '', close = ''] = paint('|').split('|');
  return { open, close };
}
