// The colors; the only importer of chalk. Loaded only if colors are wanted.
//
// Color never carries meaning alone. Bright black is not used, because it is the background of Solarized Dark. Bold is
// never combined with a color, because some terminals then show the bright color, which is a gray in Solarized.
import { Chalk } from 'chalk';
import { type LogStyle, NO_PAINT, type Paint, type Style, type Theme } from './paint.ts';

/** The sixteen colors, which the theme of the terminal defines. */
const chalk = new Chalk({ level: 1 });
/** The fixed colors of a terminal with 256 colors. */
const manyColors = new Chalk({ level: 2 });

/**
 * Numbers of fixed colors. The colors of `auto` have a contrast of at least 3 on black, on white and on both
 * backgrounds of Solarized. Those of `dark` have at least 4.5 on dark backgrounds, and those of `light` on light
 * backgrounds.
 */
export const CHAIN_COLORS: Readonly<Record<Exclude<Theme, 'terminal'>, readonly number[]>> = {
  auto: [32, 64, 166, 163, 30, 99, 136, 168, 28, 69, 131, 133],
  dark: [39, 112, 208, 205, 43, 141, 220, 210, 78, 111, 171, 180],
  light: [26, 22, 160, 127, 94, 57, 23, 161, 58, 18, 91, 88],
};

/** @param theme `terminal` for a terminal with sixteen colors */
export function createColorStyle(theme: Theme): Style {
  const dim = toPaint(chalk.dim);
  const bold = toPaint(chalk.bold);
  const few = [chalk.cyan, chalk.magenta, chalk.green, chalk.yellow, chalk.red];
  const chains = theme === 'terminal' ? few : CHAIN_COLORS[theme].map((color) => manyColors.ansi256(color));
  return {
    time: dim,
    types: [bold, toPaint(chalk.italic), NO_PAINT],
    chains: chains.map(toPaint),
    dollars: bold,
    name: dim,
    note: dim,
    header: dim,
    mark: toPaint(chalk.inverse),
  };
}

export function createColorLogStyle(): LogStyle {
  return {
    debug: toPaint(chalk.dim),
    info: toPaint(chalk.dim),
    warn: toPaint(chalk.yellow),
    error: toPaint(chalk.red),
    live: toPaint(chalk.green),
    waiting: toPaint(chalk.yellow),
    chart: toPaint(chalk.cyan),
  };
}

/** Two concatenations are ten times as fast as chalk, which also handles nested styles. */
function toPaint(paint: (text: string) => string): Paint {
  const [open = '', close = ''] = paint('|').split('|');
  return { open, close };
}
