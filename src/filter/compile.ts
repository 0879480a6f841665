// Compiles an expression of `--where` into a test of an event's bytes (contract O8). Loaded on demand.
import {
  createAnyTextTest,
  createLiteralTest,
  createNumberTest,
  createScalarTest,
  createTextTest,
  type Operator,
  type ValueTest,
} from '../events/match-value.ts';
import { ExpressionFault, type PathStep } from '../events/path.ts';
import { hasMatch, prepareSteps, type SeekStep } from '../events/seek-path.ts';
import type { Comparison, Expression, Wanted, WantedText } from './expression.ts';
import { WHERE_FAULTS } from './messages.ts';

/**
 * Maximum steps of a pattern for one event. A step is one instruction for one character. RE2 needs up to 25 ns for a
 * step, so a signal is handled within 0.5 s (contract R2).
 */
export const MAX_STEPS = 10_000_000;

/** Bounds the work of one pattern for one event. */
class PatternWork {
  /** Whether a text was too long to search. */
  isCut = false;
  instructionCount = 0;
  #stepsLeft = MAX_STEPS;

  begin(): void {
    this.isCut = false;
    this.#stepsLeft = MAX_STEPS;
  }

  allows(text: string): boolean {
    const steps = text.length * this.instructionCount;
    if (steps > this.#stepsLeft) {
      this.isCut = true;
      return false;
    }
    this.#stepsLeft -= steps;
    return true;
  }
}

/** The result for an event; unknown if a pattern could not search it. The negation of a result is `YES - result`. */
export const NO = 0;
const UNKNOWN = 1;
export const YES = 2;
type TestResult = typeof NO | typeof UNKNOWN | typeof YES;

/** `places` has the position of each member that a path begins with, or NOT_FOUND. */
type EventTest = (view: DataView, root: number, end: number, places: Int32Array) => TestResult;

export class Compiler {
  /** Names of the members that paths begin with. */
  readonly members: string[];
  /** Of all patterns. */
  instructionCount = 0;

  constructor(members: readonly string[]) {
    this.members = [...members];
  }

  /** @throws ExpressionFault */
  async compile(expression: Expression): Promise<EventTest> {
    if (expression.kind === 'comparison') return this.#compileComparison(expression);
    if (expression.kind === 'not') {
      const test = await this.compile(expression.part);
      return (...event) => (YES - test(...event)) as TestResult;
    }
    const tests: EventTest[] = [];
    for (const part of expression.parts) tests.push(await this.compile(part));
    return joinTests(tests, expression.kind);
  }

  async #compileComparison({ steps, isNegated, ...how }: Comparison): Promise<EventTest> {
    const { index, seek } = this.#splitFirstMember(steps);
    const work = new PatternWork();
    const matches =
      how.operator === '~'
        ? await this.#compilePattern(how.wanted[0], work)
        : compareWith(how.operator, how.wanted);
    const found = isNegated ? NO : YES;
    const missing = isNegated ? YES : NO;
    return (view, root, end, places) => {
      work.begin();
      const from = index < 0 ? root : (places[index] as number);
      if (hasMatch(view, from, end, seek, 0, matches)) return found;
      return work.isCut ? UNKNOWN : missing;
    };
  }

  async #compilePattern({ at, raw, text }: WantedText, work: PatternWork): Promise<ValueTest> {
    const { compilePattern } = await import('./pattern.ts');
    const pattern = compilePattern(text);
    if (typeof pattern !== 'function') {
      // With escapes, positions in the pattern and in `raw` differ, so the start of the value is marked.
      const skipped = raw === text ? pattern.at : raw.includes('\\') ? 0 : pattern.at + 1;
      throw new ExpressionFault(WHERE_FAULTS.pattern(pattern.message), at + skipped);
    }
    work.instructionCount = pattern.instructionCount;
    this.instructionCount += pattern.instructionCount;
    return createScalarTest((sent) => work.allows(sent) && pattern(sent));
  }

  /** `index` is that of the first step in `members`, or -1 if the path does not begin with a member. */
  #splitFirstMember(steps: readonly PathStep[]): { index: number; seek: readonly SeekStep[] } {
    const [first, ...rest] = steps;
    if (first?.kind !== 'member') return { index: -1, seek: prepareSteps(steps) };
    if (!this.members.includes(first.name)) this.members.push(first.name);
    return { index: this.members.indexOf(first.name), seek: prepareSteps(rest) };
  }
}

/** The first NO decides `and`; the first YES decides `or`. */
export function joinTests(tests: readonly EventTest[], kind: 'and' | 'or'): EventTest {
  const start = kind === 'and' ? YES : NO;
  const decisive = kind === 'and' ? NO : YES;
  return (view, root, end, places) => {
    let verdict: TestResult = start;
    for (let i = 0; i < tests.length; i += 1) {
      const one = (tests[i] as EventTest)(view, root, end, places);
      if (one === decisive) return decisive;
      if (one === UNKNOWN) verdict = UNKNOWN;
    }
    return verdict;
  };
}

/** True if the comparison with any of the wanted values is true. @throws ExpressionFault */
function compareWith(operator: Operator, wanted: readonly Wanted[]): ValueTest {
  const texts = wanted.flatMap((one) => (one.kind === 'text' ? [one.text] : []));
  const others = wanted.filter(({ kind }) => kind !== 'text' || texts.length === 1);
  const tests = others.map((one): ValueTest => {
    if (one.kind === 'text') return createTextTest(operator, one.text);
    if (one.kind === 'literal') return createLiteralTest(one.source);
    const test = createNumberTest(operator, one.source);
    if (test === undefined) throw new ExpressionFault(WHERE_FAULTS.exponent, one.at);
    return test;
  });
  if (texts.length > 1) tests.push(createAnyTextTest(new Set(texts)));
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (view, start, end) => tests.some((test) => test(view, start, end));
}
