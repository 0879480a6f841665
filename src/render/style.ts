// Colours by meaning; the only importer of chalk. Part of the bundles that are loaded where colour is wanted.
import { Chalk } from 'chalk';

/** What stands before and behind a painted text. The text holds no escape sequences of its own. */
export interface Paint {
  readonly open: string;
  readonly close: string;
}

/** What is painted in events, by its meaning. */
export interface Style {
  readonly time: Paint;
  /** One of a few colours, the same for the same type. */
  readonly type: (type: string) => Paint;
  readonly amount: Paint;
  readonly dollars: Paint;
  readonly label: Paint;
  readonly name: Paint;
  readonly value: Paint;
  readonly header: Paint;
  readonly dim: Paint;
}

export const NO_PAINT: Paint = { open: '', close: '' };

/** Paints nothing. */
export const PLAIN_STYLE: Style = {
  time: NO_PAINT,
  type: () => NO_PAINT,
  amount: NO_PAINT,
  dollars: NO_PAINT,
  label: NO_PAINT,
  name: NO_PAINT,
  value: NO_PAINT,
  header: NO_PAINT,
  dim: NO_PAINT,
};

/** The sixteen colours of every terminal, so that the user's theme decides. */
export function createColorStyle(): Style {
  const chalk = new Chalk({ level: 1 });
  const dim = split(chalk.gray);
  const wheel = [
    chalk.cyanBright,
    chalk.magentaBright,
    chalk.greenBright,
    chalk.yellowBright,
    chalk.blueBright,
  ].map(split);
  return {
    time: dim,
    type: (type) => wheel[pickNumber(type) % wheel.length] ?? NO_PAINT,
    amount: split(chalk.bold),
    dollars: split(chalk.green),
    label: split(chalk.yellow),
    name: dim,
    value: NO_PAINT,
    header: split(chalk.bold),
    dim,
  };
}

/** Painting is two concatenations then, where chalk takes ten times as long for what none of our texts holds. */
function split(paint: (text: string) => string): Paint {
  const [open = '', close = ''] = paint('|').split('|');
  return { open, close };
}

/** The same number for the same text, from a few of its characters. */
function pickNumber(text: string): number {
  const { length } = text;
  return (text.charCodeAt(0) + text.charCodeAt(length >> 1) + text.charCodeAt(length - 1) + length) | 0;
}
