// The public API of the simulator: `import { startSimulator } from 'atlantis-cli/simulator'`.
export type { Random } from './random.ts';
export type { Act, Refusal, Scenario, Step } from './scenarios.ts';
export { SCENARIO_LIST } from './scenarios.ts';
export { parseScript } from './script.ts';
export { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
