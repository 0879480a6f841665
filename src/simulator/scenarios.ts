// The scenarios by name.

import { UsageError } from '../errors.ts';
import type { Scenario, Step } from './scenario.ts';

const WELCOME: Step = { do: 'welcome' };
const EVENTS: Step = { do: 'events' };

/** Every upgrade gets the same timeline. */
const always = (summary: string, ...steps: readonly Step[]): Scenario => ({
  summary,
  getAct: () => ({ steps }),
});

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  steady: always('an even flow of events', WELCOME, EVENTS),
};

/** The names that `findScenario` takes. */
export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS);

/**
 * The scenario of that name.
 * @throws UsageError that lists the names
 */
export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS[name];
  if (scenario && Object.hasOwn(SCENARIOS, name)) return scenario;
  throw new UsageError(
    `there is no scenario ${JSON.stringify(name)}`,
    `scenarios are: ${SCENARIO_NAMES.join(', ')}`,
  );
}
