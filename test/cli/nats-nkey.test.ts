// NATS by key: the built command signs with Node's own cryptography, and a real nats-server believes it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { nkeys } from '@nats-io/transport-node';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasNatsServer, startNatsServer } from '../helpers/nats-server.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

(hasNatsServer() ? test : test.skip)(
  'a seed of ours is let in, another one is not (needs nats-server)',
  async () => {
    const [ours, another] = [nkeys.createUser(), nkeys.createUser()];
    const extra = `authorization { users = [ { nkey: ${ours.getPublicKey()} } ] }`;
    const nats = await startNatsServer({ extra });
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}', '{"n":2}'] }));
    const codes: (number | null)[] = [];
    for (const user of [ours, another]) {
      const file = join(makeTempFolder(), 'seed');
      writeFileSync(file, user.getSeed(), { mode: 0o600 });
      const to = ['--to', `${nats.url}/N1`, '--create', '--limit', '2'];
      const exit = await runTail(server.url, to, { command: 'relay', env: { NATS_NKEY: file } });
      codes.push(exit.code);
    }
    expect(codes).toEqual([0, 3]);
  },
);
