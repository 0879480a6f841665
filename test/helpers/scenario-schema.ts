// Renders docs/scenario.schema.json from the tables of src/simulator/script-form.ts.

import { SCENARIO_LIST } from '../../src/simulator/scenarios.ts';
import { type Form, type Member, REFUSAL_FORM, STEP_FORMS } from '../../src/simulator/script-form.ts';

type Schema = Record<string, unknown>;

function renderKind(member: Member): Schema {
  switch (member.kind) {
    case 'count':
      return {
        type: 'integer',
        minimum: member.min,
        ...(member.max === Number.MAX_SAFE_INTEGER ? {} : { maximum: member.max }),
      };
    case 'rate':
      return { oneOf: [{ type: 'number', minimum: 0, maximum: 1e9 }, { const: 'max' }] };
    case 'duration':
      return {
        type: 'string',
        pattern: '^([0-9]+([.][0-9]+)?(ms|s|m|h))+$',
        examples: ['500ms', '20s', '1m30s'],
      };
    case 'flag':
      return { type: 'boolean' };
    case 'hex':
      return { type: 'string', pattern: '^([0-9a-fA-F]{2})*$' };
    case 'text':
      return { type: 'string', maxLength: member.maxBytes };
    case 'choice':
      return { enum: member.choices };
    case 'refusal':
      return { $ref: '#/$defs/refusal' };
    case 'steps':
      return { $ref: '#/$defs/steps' };
  }
}

function renderObject(form: Form, first: Schema = {}): Schema {
  const required = Object.keys(form).filter((name) => form[name]?.isRequired === true);
  return {
    type: 'object',
    properties: {
      ...first,
      ...Object.fromEntries(
        Object.entries(form).map(([name, member]) => [
          name,
          { description: member.about, ...renderKind(member) },
        ]),
      ),
    },
    required: [...Object.keys(first), ...required],
    additionalProperties: false,
  };
}

/** The whole schema, as in the file. */
export function renderScenarioSchema(): string {
  const names = SCENARIO_LIST.map(({ name }) => name).filter((name) => !name.includes('<'));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A scenario script of `atlantis stream simulate --script`',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      summary: { type: 'string' },
      connections: {
        description:
          'Each entry handles the next connections with the same key; the last entry handles all further ones.',
        type: 'array',
        minItems: 1,
        items: { $ref: '#/$defs/connection' },
      },
      repeat: { description: 'Start over after the last entry.', type: 'boolean', default: false },
    },
    required: ['connections'],
    additionalProperties: false,
    $defs: {
      connection: {
        type: 'object',
        properties: {
          steps: { $ref: '#/$defs/steps' },
          refuse: { description: 'Refuse the upgrade.', $ref: '#/$defs/refusal' },
          scenario: {
            description: 'Run a named scenario.',
            anyOf: [{ enum: names }, { type: 'string', pattern: '^close-[1-4][0-9]{3}$' }],
          },
          times: {
            description: 'Number of connections that this entry handles; default 1.',
            type: 'integer',
            minimum: 1,
          },
        },
        oneOf: ['steps', 'refuse', 'scenario'].map((name) => ({ required: [name] })),
        additionalProperties: false,
      },
      refusal: renderObject(REFUSAL_FORM),
      steps: {
        description:
          'Run in order. After the last step, the connection stays open without events; pings are answered unless a step `pongs` changed that.',
        type: 'array',
        items: { $ref: '#/$defs/step' },
      },
      step: {
        oneOf: Object.entries(STEP_FORMS).map(([name, { about, members }]) => ({
          title: name,
          description: about,
          ...renderObject(members, { do: { const: name } }),
        })),
      },
    },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
