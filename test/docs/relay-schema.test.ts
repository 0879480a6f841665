// docs/relay.schema.json is generated from the definitions of the flags, and the examples in the docs are valid.
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { keyOf, SECTIONS } from '../../src/commands/relay/config-section.ts';
import type { FlagDefinition, FlagTable } from '../../src/flags/definition.ts';

const SCHEMA = new URL('../../docs/relay.schema.json', import.meta.url);
const PAGE = readFileSync(new URL('../../docs/relay.md', import.meta.url), 'utf8');

const VALUE = { type: ['string', 'number'] };
const SECRET = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    env: { type: 'string', description: 'name of an environment variable' },
    file: { type: 'string', description: 'path of a file' },
  },
};
const OWN = {
  name: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'name of the sink in messages and metrics',
  },
  to: { type: 'string', description: 'URL: nats://, tls:// or https://' },
  'to-env': { type: 'string', description: 'environment variable with the URL' },
  'to-file': { type: 'string', description: 'file with the URL' },
};
const SECRETS = {
  headers: {
    type: 'object',
    additionalProperties: { $ref: '#/$defs/secret' },
    description: 'headers for each request',
  },
  'sign-with': {
    oneOf: [{ $ref: '#/$defs/secret' }, { type: 'array', minItems: 1, items: { $ref: '#/$defs/secret' } }],
    description: 'whsec_... secrets that sign requests (Standard Webhooks, HMAC-SHA256)',
  },
};

function describeFlag({ term, meaning, fallback, choices, isRepeatable }: FlagDefinition): object {
  const description = fallback === undefined ? meaning : `${meaning} (default: ${fallback})`;
  if (choices !== undefined) return { enum: choices, description };
  if (isRepeatable === true) return { oneOf: [VALUE, { type: 'array', items: VALUE }], description };
  return /[<[]/.test(term) ? { ...VALUE, description } : { type: 'boolean', description };
}

function makeSection(table: FlagTable, more: object = {}): object {
  const flags = Object.values(table).map((flag) => [keyOf(flag), describeFlag(flag)]);
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...more, ...Object.fromEntries(flags) },
  };
}

function makeSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of `atlantis stream relay`',
    ...makeSection(SECTIONS.run, {
      source: makeSection(SECTIONS.source),
      defaults: makeSection(SECTIONS.sink, SECRETS),
      sinks: {
        type: 'array',
        minItems: 1,
        items: {
          ...makeSection(SECTIONS.sink, { ...OWN, ...SECRETS }),
          required: ['name'],
          oneOf: ['to', 'to-env', 'to-file'].map((key) => ({ required: [key] })),
        },
      },
    }),
    required: ['sinks'],
    $defs: { secret: SECRET },
  };
}

const examples = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);

describe('B13: the schema of a configuration file', () => {
  test('docs/relay.schema.json matches the definitions (UPDATE_DOCS=1 writes it)', () => {
    // Only values are compared, because the formatter decides the layout.
    const schema = JSON.parse(JSON.stringify(makeSchema()));
    const isCurrent = isDeepStrictEqual(JSON.parse(readFileSync(SCHEMA, 'utf8')), schema);
    if (process.env['UPDATE_DOCS'] !== undefined && !isCurrent) {
      writeFileSync(SCHEMA, `${JSON.stringify(schema, null, 2)}\n`);
    }
    expect(JSON.parse(readFileSync(SCHEMA, 'utf8'))).toEqual(schema);
  });

  test('accepts the examples, and refuses unknown settings', () => {
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(makeSchema());
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const value = parse(example);
      expect([validate(value), validate.errors]).toEqual([true, null]);
      expect(validate({ ...value, spools: 1 })).toBe(false);
      expect(validate({ ...value, sinks: [{ name: 'a' }] })).toBe(false);
    }
  });
});
