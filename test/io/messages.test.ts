// Parts of messages that are copied to a shell.
import { describe, expect, test } from '@jest/globals';
import { quoteForShell } from '../../src/io/messages.ts';

describe('a word of a command to copy', () => {
  test.each([
    ['/home/a/.config/atlantis-1', '/home/a/.config/atlantis-1'],
    ['/a b', "'/a b'"],
    ["/it's", "'/it'\\''s'"],
    ['/$HOME/`id`', "'/$HOME/`id`'"],
    // zsh would expand brackets as a pattern, and fail.
    ['http://[::1]:8787', "'http://[::1]:8787'"],
    ['', "''"],
  ])('%s is quoted for a shell if necessary', (word, quoted) => {
    expect(quoteForShell(word)).toBe(quoted);
  });
});
