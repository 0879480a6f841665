// The measurements of the soak: growth is found, fluctuation is not growth.
import { describe, expect, test } from '@jest/globals';
import { judgeSamples, type Sample } from './samples.ts';

const MIB = 1024;

/** Judges a minute with two samples a second: one from outside and one from inside of the process. */
function judge(draw: (at: number) => Sample, platform: NodeJS.Platform = 'linux', count = 120): string[] {
  const errors: string[] = [];
  const samples = Array.from({ length: count }, (_, at) => {
    const { resources, ...outside } = draw(at);
    return [outside, { resources }];
  }).flat();
  judgeSamples(samples, platform, (what) => errors.push(what));
  return errors;
}

const calm = (at: number): Sample => ({
  memoryKib: (70 + (at % 7) * 4) * MIB,
  descriptors: 20 + (at % 3),
  resources: { Timeout: 2 + (at % 4), TCPSocketWrap: at % 2, PipeWrap: 1 },
});

describe('judgeSamples', () => {
  test('fluctuation is not growth', () => {
    expect(judge(calm)).toEqual([]);
  });

  test('a slow start is not growth', () => {
    expect(judge((at) => ({ ...calm(at), memoryKib: (at < 4 ? 20 : 70) * MIB }))).toEqual([]);
  });

  test.each<[string, RegExp, (at: number) => Sample]>([
    ['memory', /memory grew by \d\d MiB/, (at) => ({ ...calm(at), memoryKib: (70 + at / 2) * MIB })],
    ['descriptors', /\d+ more descriptors/, (at) => ({ ...calm(at), descriptors: 20 + Math.floor(at / 10) })],
    ['timers', /\d+ more of Timeout/, (at) => ({ ...calm(at), resources: { Timeout: Math.floor(at / 10) } })],
    [
      'an unknown kind of resource',
      /\d+ more of FSReqCallback/,
      (at) => ({ ...calm(at), resources: { FSReqCallback: at } }),
    ],
    [
      'three sockets at once (C8)',
      /3 sockets at once/,
      (at) => ({ ...calm(at), resources: { TCPSocketWrap: at === 50 ? 3 : 2 } }),
    ],
  ])('finds growth or excess of %s', (_, message, draw) => {
    expect(judge(draw).join('\n')).toMatch(message);
  });

  test('missing measurements are an error', () => {
    expect(judge(() => ({})).join('\n')).toMatch(/memory and descriptors.*\n.*handles and timers/);
    expect(judge(calm, 'linux', 3)).toHaveLength(2);
    // Other platforms have no /proc.
    expect(judge(() => ({ resources: { Timeout: 1 } }), 'darwin')).toEqual([]);
  });
});
