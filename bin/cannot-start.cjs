// Says why the command cannot start (exit 2). Uses no syntax newer than Node 12, on which test/cli/old-node.test.ts
// runs it.
module.exports = (message, hint) => {
  const words = process.argv.slice(2);
  const at = words.indexOf('--log-format');
  const isJson = words.includes('--log-format=json') || (at >= 0 && words[at + 1] === 'json');
  const record = {
    ts: new Date().toISOString(),
    level: 'error',
    event: 'error',
    message,
    hint,
    exit_code: 2,
  };
  const text = isJson ? JSON.stringify(record) : `atlantis: error: ${message}\n  ${hint}`;
  process.stderr.write(`${text}\n`);
  process.exitCode = 2;
};
