// The colors; the only importer of chalk. Loaded only if colors are wanted.
import { Chalk } from 'chalk';
import { type LogStyle, NO_PAINT, type Paint, type Style } from './paint.ts';

/**
 * The sixteen colors that the theme of the terminal defines. The colors of types exclude bright yellow, cyan and green,
 * which are pale on white, and plain blue, which is dark on black.
 */
const chalk = new Chalk({ level: 1 });

export function createColorStyle(): Style {
  const dim = split(chalk.gray);
  const types = [chalk.cyan, chalk.magenta, chalk.green, chalk.yellow, chalk.blueBright].map(split);
  return {
    time: dim,
    types,
    amount: split(chalk.bold),
    dollars: split(chalk.green),
    label: split(chalk.yellow),
    name: dim,
    value: NO_PAINT,
    minor: dim,
    header: split(chalk.bold),
    dim,
  };
}

export function createColorLogStyle(): LogStyle {
  return {
    debug: split(chalk.gray),
    info: split(chalk.gray),
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
