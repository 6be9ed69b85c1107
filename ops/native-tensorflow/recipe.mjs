// What is built, from what, and where it is kept. Everything a change of version touches stands here.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export const tensorflowVersion = '2.21.0';
export const tfjsNodeVersion = '4.22.0';

// One wheel a platform, named by content. Only Linux x86_64 was tried; the other two are the same release and layout.
const wheels = {
  'linux-x64': {
    project: 'tensorflow-cpu',
    tag: 'manylinux_2_27_x86_64',
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
  },
  'linux-arm64': {
    project: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
  },
  'darwin-arm64': {
    project: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    sha256: '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
  },
};

/** `linux-x64` and so on, as the tables here name a platform. */
export const platform = `${process.platform}-${process.arch}`;

/** The wheel of this platform, or undefined where TensorFlow publishes none. */
export const wheel = wheels[platform];

export const libraries =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** Header folders the binding needs, out of the 13,000 files of `tensorflow/include`. */
export const headerFolders = [
  'tensorflow/c/',
  'tensorflow/core/platform/ctstring',
  'tsl/platform/ctstring',
  'xla/tsl/c/',
];

/** The folder shared by every clone of this user; the same rule as `cacheFolder` in src/app/config/folders.ts. */
export function cacheFolder(env = process.env) {
  if (env.REBALANCED_CACHE_DIR) return env.REBALANCED_CACHE_DIR;
  if (process.getuid?.() === 0) return '/var/cache/rebalanced';
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'rebalanced');
}
