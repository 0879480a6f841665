// A cause of a failed connection, as the fault of a sink.
import { CAUSES } from '../connection/cause-table.ts';
import { type Cause, describeCause } from '../connection/causes.ts';
import { RULES } from '../connection/rules.ts';
import type { SinkFault } from './sink.ts';

/**
 * The fault in the words of the cause. It ends the run where the policy says that trying again is pointless, but
 * only as long as the sink has never worked in this run: later somebody may repair it, and nothing is lost.
 */
export function describeSinkFault(cause: Cause, hasWorked: boolean): SinkFault {
  const rule = RULES[CAUSES[cause.kind].rule];
  const { happened, remedy } = describeCause(cause);
  const isFinal = rule.beforeFirstWelcome === 'never' && !hasWorked;
  return {
    words: happened,
    hint: remedy,
    retryAfterMs: cause.retryAfterMs,
    exitCode: isFinal ? rule.exitCode : undefined,
    exitCodeInTheEnd: rule.exitCode,
  };
}
