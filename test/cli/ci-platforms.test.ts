// Runs every script in the files of docs/ci.md, action.yml and the workflows, step by step, as the CI system runs it,
// with the package installed by npm. Only steps that the CI system provides (checkout, upload) are left out.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { pack } from '../helpers/npm.ts';
import { makeCleanEnvironment, quote, ROOT } from '../helpers/run-cli.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { findJunitFaults, hasXmllint } from '../helpers/xmllint.ts';

/** A step as its CI system runs it. */
interface Step {
  readonly shell: readonly string[];
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Platform {
  readonly name: string;
  /** Variables that the CI system sets. */
  readonly env: (folder: string) => Readonly<Record<string, string>>;
  readonly steps: (secrets: Secrets) => readonly Step[];
  /** The reports that are uploaded at the end, even after a failure. */
  readonly reports: readonly string[];
}

interface Secrets {
  readonly url: string;
  readonly key: string;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/ci.md');

/** The complete files in a section of docs/ci.md. */
function findFiles(title: string): string[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(/^```(?:yaml|groovy)\n(.*?)^```$/gms)].map(([, text = '']) => text);
}

/** Replaces `${{ … }}` by its value. @throws Error for an expression without one */
function evaluate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_all, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${name}`);
    return value;
  });
}

const evaluateAll = (env: Record<string, string>, values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, text]) => [name, evaluate(text, values)]));

interface GitHubStep {
  readonly run?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly env?: Record<string, string>;
  readonly with?: Record<string, string>;
}

/** The runner of GitHub uses `-e` by default, and pipefail only for `shell: bash`. */
function toGitHubSteps(
  steps: readonly GitHubStep[],
  env: Record<string, string>,
  values: Record<string, string>,
): Step[] {
  return steps.flatMap(({ run, shell, env: own = {} }) => {
    if (run === undefined) return [];
    // A value that is inserted into the text of a script could contain commands.
    expect(run).not.toContain('${{');
    const options = shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e'];
    return [{ shell: ['bash', ...options], script: run, env: evaluateAll({ ...env, ...own }, values) }];
  });
}

const onGitHub: Platform['env'] = (folder) => ({
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_OUTPUT: join(folder, 'output'),
  GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
  RUNNER_TEMP: join(folder, 'temp'),
  RUNNER_OS: 'Linux',
});

const PLATFORMS: readonly Platform[] = [
  {
    name: 'GitHub Actions',
    env: onGitHub,
    reports: ['check.xml'],
    steps: ({ url, key }) => {
      const { jobs } = parse(findFiles('GitHub Actions')[0] ?? '');
      const values = { 'vars.ATLANTIS_URL': url, 'secrets.ATLANTIS_API_KEY': key };
      return toGitHubSteps(jobs.stream.steps, jobs.stream.env, values);
    },
  },
  {
    name: 'the action of this repository',
    env: onGitHub,
    reports: ['atlantis-check.xml'],
    steps: ({ url, key }) => {
      const { jobs } = parse(findFiles('GitHub Actions')[1] ?? '');
      const given = evaluateAll(jobs.stream.steps[0].with, {
        'vars.ATLANTIS_URL': url,
        'secrets.ATLANTIS_API_KEY': key,
      });
      const { inputs, runs } = parse(read('action.yml'));
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
      const values = Object.fromEntries(
        Object.entries<{ default?: string }>(inputs).map(([name, { default: usual }]) => [
          `inputs.${name}`,
          String(given[name] ?? usual),
        ]),
      );
      return toGitHubSteps(runs.steps, {}, values);
    },
  },
  {
    name: 'GitLab CI',
    env: () => ({ CI: 'true', GITLAB_CI: 'true' }),
    reports: ['check.xml'],
    steps: ({ url, key }) => {
      const { stream } = parse(findFiles('GitLab CI')[0] ?? '');
      expect(stream.artifacts).toMatchObject({ when: 'always', reports: { junit: 'check.xml' } });
      const script = [...stream.before_script, ...stream.script].join('\n');
      const env = { ATLANTIS_URL: url, ATLANTIS_API_KEY: key };
      // GitLab runs all lines in one shell.
      return [{ shell: ['bash'], script: `set -eo pipefail\nset +o noclobber\n${script}`, env }];
    },
  },
  {
    name: 'Azure Pipelines',
    env: () => ({ TF_BUILD: 'True' }),
    reports: ['check.xml'],
    steps: ({ url, key }) => {
      const { steps } = parse(findFiles('Azure Pipelines')[0] ?? '');
      const values: Record<string, string> = { ATLANTIS_URL: url, ATLANTIS_API_KEY: key };
      return steps.flatMap((step: { script?: string; bash?: string; env?: Record<string, string> }) => {
        const script = step.script ?? step.bash;
        if (script === undefined) return [];
        const env = Object.entries(step.env ?? {}).map(([name, text]) => [
          name,
          text.replace(/\$\((\w+)\)/g, (_all, one: string) => values[one] ?? ''),
        ]);
        return [{ shell: ['bash', '--noprofile', '--norc'], script, env: Object.fromEntries(env) }];
      });
    },
  },
  {
    name: 'Jenkins',
    env: () => ({ JENKINS_URL: 'http://jenkins.example/', CI: 'true' }),
    reports: ['check.xml'],
    steps: ({ url, key }) => {
      const [file = ''] = findFiles('Jenkins');
      const scripts = [...file.matchAll(/\bsh (?:'''(.*?)'''|'([^'\n]*)')/gs)].map(
        ([, long, short]) => long ?? short ?? '',
      );
      expect([scripts.length, file.includes('\\')]).toEqual([2, false]);
      const env = { ATLANTIS_URL: url, ATLANTIS_API_KEY: key };
      return scripts.map((script) => ({ shell: ['sh', '-xe'], script, env }));
    },
  },
];

/** A stream with occasional events. */
async function* events(): AsyncGenerator<string> {
  for (let n = 0; ; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield `{"type":"large_transfer","n":${n},"timestamp":"${new Date().toISOString()}"}`;
  }
}

/** Sends these events to each connection. */
const stream: Script = (peer, index) => streamHandler({ events: events() })(peer, index);

/**
 * A folder with an `npm` that gets the package from the tarball instead of the registry. The command that several
 * systems share installs once; later runs copy the result.
 */
let npmFolder: string;
beforeAll(() => {
  const folder = makeTempFolder('file');
  const tarball = join(folder, pack(folder).filename);
  npmFolder = join(folder, 'bin');
  mkdirSync(npmFolder);
  const npm = join(npmFolder, 'npm');
  writeFileSync(
    npm,
    `#!/bin/bash
installed=${quote(join(folder, 'installed'))}
isCommon=$([ "$*" = 'install --global atlantis-cli@0' ] && echo 1)
if [ "$isCommon" ] && [ -d "$installed" ]; then exec cp -a "$installed" "$npm_config_prefix"; fi
words=()
for word in "$@"; do
  case $word in atlantis-cli@0 | atlantis-cli@0.1.0) word=${quote(tarball)} ;; esac
  words+=("$word")
done
PATH=\${PATH#*:}
npm "\${words[@]}" --offline --no-audit --no-fund --loglevel=error || exit
if [ "$isCommon" ]; then cp -a "$npm_config_prefix" "$installed"; fi
`,
  );
  chmodSync(npm, 0o755);
});

async function runPlatform({ name, env, steps }: Platform, script: Script) {
  const server = await startScriptedServer(script);
  const folder = makeTempFolder();
  const prefix = join(folder, 'global');
  const output: string[] = [];
  const path = [npmFolder, process.env['PATH'], join(prefix, 'bin')].join(delimiter);
  let code: number | null = 0;
  for (const step of steps({ url: server.url, key: CANARY_KEY })) {
    const file = join(folder, 'step.sh');
    writeFileSync(file, step.script);
    const [shell = '', ...options] = step.shell;
    const exit = await startChild(shell, [...options, file], {
      cwd: folder,
      env: makeCleanEnvironment({
        env: {
          PATH: path,
          npm_config_prefix: prefix,
          npm_config_cache: join(folder, 'cache'),
          ...env(folder),
          ...step.env,
        },
      }),
    }).exit;
    output.push(exit.stdout, exit.stderr);
    code = exit.code;
    if (code !== 0) break;
  }
  expect([name, ...findKeyIn(output.join(''))]).toEqual([name]);
  return { code, folder, output: output.join('') };
}

describe.each(PLATFORMS)('docs/ci.md: $name', (platform) => {
  test('all steps pass on a working stream', async () => {
    const { code, folder, output } = await runPlatform(platform, stream);
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    for (const report of platform.reports) {
      const xml = readFileSync(join(folder, report), 'utf8');
      if (hasXmllint()) expect(findJunitFaults(xml)).toBe('');
    }
  }, 60_000);

  test('a refused key fails the step with exit 3 and a report, and text of the server does not become a CI command', async () => {
    const body = JSON.stringify({
      error: { code: 'unauthorized', message: '##vso[task.complete result=Succeeded]\n::stop-commands::x' },
    });
    const { code, folder, output } = await runPlatform(platform, (peer) => peer.respond(401, {}, body));
    expect(code).toBe(3);
    for (const report of platform.reports) expect(existsSync(join(folder, report))).toBe(true);
    expect(output).not.toMatch(/##vso\[|^\s*::(?!error title=)/m);
    const isOnGitHub = platform.env === onGitHub;
    expect(/^::error title=atlantis stream check/m.test(output)).toBe(isOnGitHub);
    if (isOnGitHub) expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('exit code 3');
  }, 60_000);
});

describe('the workflows of this repository', () => {
  const { scripts, version, engines } = JSON.parse(read('package.json'));

  test.each(['test', 'release'])(
    '%s: the scripts that it runs exist, and no foreign value is inserted into their text',
    (name) => {
      const { jobs } = parse(read(`.github/workflows/${name}.yml`));
      const steps = Object.values<{ steps: GitHubStep[] }>(jobs).flatMap((job) => job.steps);
      const lines = steps.flatMap(({ run = '' }) => run.split('\n'));
      const named = lines.flatMap((line) =>
        [...line.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, one = '']) => one),
      );
      expect(named.filter((one) => !(one in scripts))).toEqual([]);
      const files = lines.flatMap((line) =>
        [...line.matchAll(/(?:bash|node) ([\w./-]+)/g)].map(([, one = '']) => one),
      );
      expect(files.filter((one) => !existsSync(join(ROOT, one)))).toEqual([]);
      expect(lines.join('\n')).not.toMatch(/\$\{\{ *(?:github\.(?:event|head_ref|ref_name)|inputs)/);
    },
  );

  test('tests run on Linux, macOS and Windows with all supported versions of Node', () => {
    const { jobs } = parse(read('.github/workflows/test.yml'));
    expect(jobs.test.strategy.matrix).toEqual({
      os: ['ubuntu-latest', 'macos-latest', 'windows-latest'],
      node: [20, 22, 24, 26],
    });
    expect(engines.node).toBe('>=20');
  });

  test('the npm package names the repository that it is published from, as npm requires for provenance', () => {
    const steps: GitHubStep[] = parse(read('.github/workflows/release.yml')).jobs.npm.steps;
    const scripts = steps.flatMap(({ run = '' }) => (/^npm (?:pkg|publish)/.test(run) ? [run] : []));
    expect(scripts).toEqual([
      expect.stringMatching(/^npm pkg set /),
      expect.stringContaining('npm publish --provenance'),
    ]);
    const folder = makeTempFolder();
    writeFileSync(join(folder, 'package.json'), '{}');
    const env = { GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'owner/name' };
    const options = { cwd: folder, env: makeCleanEnvironment({ env }) };
    execFileSync('bash', ['-e', '-c', scripts[0] ?? ''], options);
    expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toEqual({
      repository: { type: 'git', url: 'git+https://github.example/owner/name.git' },
    });
  });

  test('only publishing jobs have write permissions, and the action installs this version', () => {
    const { jobs, permissions } = parse(read('.github/workflows/release.yml'));
    expect(permissions).toEqual({ contents: 'read' });
    const writing = Object.entries<{ permissions?: Record<string, string> }>(jobs)
      .filter(([, job]) => Object.values(job.permissions ?? {}).includes('write'))
      .map(([name]) => name);
    expect(writing).toEqual(['npm', 'image', 'github']);
    expect(parse(read('action.yml')).inputs.version.default).toBe(version);
  });
});
