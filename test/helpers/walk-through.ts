// The walk-through of docs/CONTRIBUTING.md: its patch, and the command that generates the rest.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run-cli.ts';

const page = readFileSync(join(ROOT, 'docs/CONTRIBUTING.md'), 'utf8');

export const [, patch = ''] = /^```diff\n([\s\S]*?)^```$/m.exec(page) ?? [];
export const [, command = ''] = /^```\nUPDATE_DOCS=1 npm test -- (.*)\n```$/m.exec(page) ?? [];
