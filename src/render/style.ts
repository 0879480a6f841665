// The colours; the only importer of chalk. A bundle of its own, loaded only where colour is wanted.
import { Chalk } from 'chalk';
import { type LogStyle, NO_PAINT, type Paint, type Style } from './paint.ts';

/**
 * The sixteen colours of every terminal, so that the user's theme decides. Of those for types none is pale on
 * white or dark on black: bright yellow, cyan and green are the one, plain blue is the other.
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

/** Painting is two concatenations then, where chalk takes ten times as long for what none of our texts holds. */
function split(paint: (text: string) => string): Paint {
  const [open = '', close = ''] = paint('|').split('|');
  return { open, close };
}
