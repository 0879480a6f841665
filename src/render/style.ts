// Colours by meaning; the only importer of chalk. A bundle of its own, loaded only where colour is wanted.
import { Chalk } from 'chalk';

export type Paint = (text: string) => string;

/** What is painted, by its meaning. */
export interface Style {
  readonly time: Paint;
  /** One of a few colours, the same for the same type. */
  readonly type: (type: string) => Paint;
  readonly name: Paint;
  readonly value: Paint;
  readonly dim: Paint;
}

const plain: Paint = (text) => text;

/** Paints nothing. */
export const PLAIN_STYLE: Style = { time: plain, type: () => plain, name: plain, value: plain, dim: plain };

/** The sixteen colours of every terminal, so that the user's theme decides. */
export function createColorStyle(): Style {
  const chalk = new Chalk({ level: 1 });
  const wheel = [
    chalk.cyanBright,
    chalk.magentaBright,
    chalk.greenBright,
    chalk.yellowBright,
    chalk.blueBright,
  ];
  return {
    time: chalk.gray,
    type: (type) => wheel[sumCharacters(type) % wheel.length] ?? plain,
    name: chalk.gray,
    value: plain,
    dim: chalk.gray,
  };
}

function sumCharacters(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i += 1) sum += text.charCodeAt(i);
  return sum;
}
