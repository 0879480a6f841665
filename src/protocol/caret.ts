// Shows the place of a fault in what the user wrote, with a caret under it.
import stringWidth from 'string-width';
import { UsageError } from '../errors.ts';
import type { ExpressionFault } from './path.ts';

/** What a terminal does not show, or shows in another width than it has here. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A usage error for `text`, the value of `flag`; `advice` stands behind the caret. */
export function pointAt(flag: string, text: string, fault: ExpressionFault, advice: string): UsageError {
  const message = `invalid ${flag}: ${fault.message}`;
  if (text.trim() === '') return new UsageError(message, advice);
  const shown = text.replaceAll('\t', ' ').replace(HIDDEN, (hidden) => '\ufffd'.repeat(hidden.length));
  const indent = ' '.repeat(stringWidth(shown.slice(0, fault.at)));
  return new UsageError(message, `${shown}\n${indent}^ ${advice}`);
}
