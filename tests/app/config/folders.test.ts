import { describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, so that any Node can run it at installation
import { cacheFolder as cacheFolderAtInstallation } from '../../../ops/native-tensorflow/recipe.mjs';
import { cacheFolder, stateFolder } from '../../../src/app/config/folders.ts';

const isRoot = process.getuid?.() === 0;

describe('folders', () => {
  test('are those named in the environment', () => {
    const env = { REBALANCED_STATE_DIR: '/srv/state', REBALANCED_CACHE_DIR: '/srv/cache', HOME: '/home/a' };
    expect(stateFolder(env, '/p')).toBe('/srv/state');
    expect(cacheFolder(env)).toBe('/srv/cache');
  });

  test('lie where another account can reach them as root, else under the XDG bases', () => {
    const env = { HOME: '/home/a', XDG_STATE_HOME: '/x/state', XDG_CACHE_HOME: '/x/cache' };
    expect(cacheFolder(env)).toBe(isRoot ? '/var/cache/rebalanced' : '/x/cache/rebalanced');
    expect(stateFolder(env, '/p')).toMatch(
      isRoot ? /^\/var\/lib\/rebalanced\/[0-9a-f]{8}$/ : /^\/x\/state\/rebalanced\/[0-9a-f]{8}$/,
    );
  });

  test('differ by project, not by how its path is written', () => {
    const env = { HOME: '/home/a' };
    expect(stateFolder(env, '/p/')).toBe(stateFolder(env, '/p'));
    expect(stateFolder(env, '/p')).not.toBe(stateFolder(env, '/q'));
  });

  test('ignore a relative XDG base', () => {
    expect(cacheFolder({ HOME: '/home/a', XDG_CACHE_HOME: 'here' })).toBe(
      isRoot ? '/var/cache/rebalanced' : '/home/a/.cache/rebalanced',
    );
  });

  test.each([
    {},
    { REBALANCED_CACHE_DIR: '/srv/cache' },
    { XDG_CACHE_HOME: '/x/cache' },
    { XDG_CACHE_HOME: 'relative' },
  ])('follow the same rule at installation: %o', (env) => {
    expect(cacheFolderAtInstallation(env)).toBe(cacheFolder(env));
  });
});
