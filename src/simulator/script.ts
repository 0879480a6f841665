// Parses a scenario script (docs/scenario.schema.json). Errors contain the JSON path.
import { UsageError } from '../errors.ts';
import { describeCounts } from '../flags/messages.ts';
import { parseDuration } from '../flags/values.ts';
import {
  ACCEPTED_IN_SCRIPTS as ACCEPTED,
  DEFAULT_SUMMARY,
  SCRIPT_FAULTS as FAULTS,
  nameInScript,
  sayInvalidScript,
  sayScenarioInScript,
} from './messages.ts';
import { type Act, findScenario, type Refusal, type Scenario, type Step } from './scenarios.ts';
import { type Form, type Member, REFUSAL_FORM, STEP_FORMS } from './script-form.ts';

type ScriptObject = Readonly<Record<string, unknown>>;

/** An entry has exactly one of these. */
const ACT_NAMES = ['steps', 'refuse', 'scenario'] as const;
const MAX_DEPTH = 16;

function fail(path: string, fault: string, accepted: string): UsageError {
  return new UsageError(...sayInvalidScript(path, fault, accepted));
}

function requireObject(value: unknown, path: string, accepted: string): ScriptObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ScriptObject;
  throw fail(path, FAULTS.notObject(value), accepted);
}

function refuseOthers(object: ScriptObject, known: readonly string[], path: string): void {
  const other = Object.keys(object).find((name) => !known.includes(name));
  if (other === undefined) return;
  const accepted = known.length === 0 ? ACCEPTED.nothing : known.join(', ');
  throw fail(`${path}${formatName(other)}`, FAULTS.unknownMember, accepted);
}

const formatName = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

function requireCount(value: unknown, path: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw fail(path, FAULTS.invalid(value), describeCounts(min, max));
}

function describeAccepted(member: Member): string {
  switch (member.kind) {
    case 'count':
      return describeCounts(member.min, member.max);
    case 'text':
      return ACCEPTED.text(member.maxBytes);
    case 'choice':
      return member.choices.join(', ');
    default:
      return ACCEPTED[member.kind];
  }
}

function parseMember(value: unknown, member: Member, path: string, depth: number): unknown {
  const accepted = describeAccepted(member);
  switch (member.kind) {
    case 'count':
      return requireCount(value, path, member.min, member.max);
    case 'rate':
      if (value === 'max') return Number.POSITIVE_INFINITY;
      if (typeof value === 'number' && value >= 0 && value <= 1e9) return value;
      throw fail(path, FAULTS.notRate(value), accepted);
    case 'duration':
      if (typeof value === 'string') return parseDuration(nameInScript(path), value);
      throw fail(path, FAULTS.notDuration(value), accepted);
    case 'flag':
      if (typeof value === 'boolean') return value;
      throw fail(path, FAULTS.invalid(value), accepted);
    case 'hex':
      if (typeof value === 'string' && /^([0-9a-fA-F]{2})*$/.test(value)) return value;
      throw fail(path, FAULTS.invalid(value), accepted);
    case 'text':
      if (typeof value === 'string' && Buffer.byteLength(value) <= member.maxBytes) return value;
      throw fail(path, FAULTS.invalid(value), accepted);
    case 'choice':
      if (typeof value === 'number' && member.choices.includes(value)) return value;
      throw fail(path, FAULTS.invalid(value), accepted);
    case 'refusal':
      return parseMembers(requireObject(value, path, accepted), REFUSAL_FORM, path, depth);
    case 'steps':
      return parseSteps(value, path, depth + 1);
  }
}

/** The members of an object, with the names that perform.ts uses. */
function parseMembers(
  object: ScriptObject,
  form: Form,
  path: string,
  depth: number,
  others: readonly string[] = [],
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(form)) {
    const value = object[name];
    const at = `${path}.${name}`;
    if (value !== undefined) parsed[member.as] = parseMember(value, member, at, depth);
    else if (member.isRequired === true) throw fail(at, FAULTS.missing, describeAccepted(member));
  }
  refuseOthers(object, [...others, ...Object.keys(form)], path);
  return parsed;
}

function parseStep(value: unknown, path: string, depth: number): Step {
  const object = requireObject(value, path, ACCEPTED.step);
  const name = object['do'];
  const form = typeof name === 'string' && Object.hasOwn(STEP_FORMS, name) ? STEP_FORMS[name] : undefined;
  if (form === undefined) {
    const what = name === undefined ? FAULTS.missing : FAULTS.unknownStep(name);
    throw fail(`${path}.do`, what, Object.keys(STEP_FORMS).join(', '));
  }
  // The tables match `Step`; a test performs each step.
  return { do: name, ...parseMembers(object, form.members, path, depth, ['do']) } as Step;
}

function parseSteps(value: unknown, path: string, depth: number): readonly Step[] {
  if (depth > MAX_DEPTH) throw fail(path, FAULTS.tooDeep, ACCEPTED.depth(MAX_DEPTH));
  if (!Array.isArray(value)) throw fail(path, FAULTS.notArray(value), ACCEPTED.steps);
  return value.map((step: unknown, index) => parseStep(step, `${path}[${index}]`, depth));
}

interface ScriptEntry {
  readonly times: number;
  readonly getAct: Scenario['getAct'];
}

function parseEntry(value: unknown, path: string): ScriptEntry {
  const object = requireObject(value, path, ACCEPTED.entry(ACT_NAMES));
  refuseOthers(object, [...ACT_NAMES, 'times'], path);
  const given = ACT_NAMES.filter((name) => object[name] !== undefined);
  const [name] = given;
  if (name === undefined || given.length > 1) {
    const what = name === undefined ? FAULTS.noAct : FAULTS.notCombinable(given);
    throw fail(path, what, ACCEPTED.oneOf(ACT_NAMES));
  }
  const times =
    object['times'] === undefined
      ? 1
      : requireCount(object['times'], `${path}.times`, 1, Number.MAX_SAFE_INTEGER);
  return { times, getAct: parseAct(name, object[name], `${path}.${name}`) };
}

function parseAct(name: (typeof ACT_NAMES)[number], value: unknown, path: string): Scenario['getAct'] {
  if (name === 'steps') {
    const act: Act = { steps: parseSteps(value, path, 1) };
    return () => act;
  }
  if (name === 'refuse') {
    const refusal = parseMembers(requireObject(value, path, ACCEPTED.refusal), REFUSAL_FORM, path, 1);
    const act: Act = { refuse: refusal as unknown as Refusal };
    return () => act;
  }
  try {
    return findScenario(String(value)).getAct;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(...sayScenarioInScript(path, error.message, error.hint));
  }
}

/**
 * Each entry applies to `times` consecutive connections with the same key. After the last entry the script repeats with
 * `"repeat": true`; otherwise the last entry applies to all further connections.
 *
 * @throws UsageError with the JSON path of the first error
 */
export function parseScript(script: unknown): Scenario {
  const object = requireObject(script, '$', ACCEPTED.script);
  refuseOthers(object, ['$schema', 'summary', 'connections', 'repeat'], '$');
  const { connections, summary = DEFAULT_SUMMARY, repeat = false } = object;
  if (typeof summary !== 'string') throw fail('$.summary', FAULTS.notString(summary), ACCEPTED.string);
  if (typeof repeat !== 'boolean') throw fail('$.repeat', FAULTS.invalid(repeat), ACCEPTED.flag);
  if (connections === undefined) throw fail('$.connections', FAULTS.missing, ACCEPTED.entries);
  if (!Array.isArray(connections) || connections.length === 0) {
    throw fail('$.connections', FAULTS.invalid(connections), ACCEPTED.entries);
  }
  const entries = connections.map((entry: unknown, index) => parseEntry(entry, `$.connections[${index}]`));
  const total = entries.reduce((sum, { times }) => sum + times, 0);
  return {
    summary,
    getAct(attempt, random) {
      let left = repeat ? attempt % total : Math.min(attempt, total - 1);
      let before = 0;
      for (const { times, getAct } of entries) {
        if (left < times) return getAct(repeat ? left : attempt - before, random);
        left -= times;
        before += times;
      }
      return { steps: [] };
    },
  };
}
