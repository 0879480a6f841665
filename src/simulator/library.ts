// `import { startSimulator } from 'atlantis-cli/simulator'`: the simulator for the tests of other projects.
//
// What is exported here is API: a change of it is a breaking change.
export type { Random } from './random.ts';
export type { Act, Refusal, Scenario, Step } from './scenarios.ts';
export { SCENARIO_LIST } from './scenarios.ts';
export { parseScript } from './script.ts';
export { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
