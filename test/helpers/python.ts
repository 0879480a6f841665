// Finds a Python that has a module: the first on PATH may lack a module that the system's own has.

import { spawnSync } from 'node:child_process';

const CANDIDATES = ['python3', '/usr/bin/python3'];

/** The first interpreter that can import `module` (such as `websocket`), or undefined if there is none. */
export function findPython(module: string): string | undefined {
  return CANDIDATES.find((python) => {
    const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore', timeout: 10_000 });
    return status === 0;
  });
}
