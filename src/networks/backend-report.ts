import { loadRuntime } from './runtime.ts';

const wanted = process.argv[2];
if (wanted !== 'auto' && wanted !== 'tensorflow' && wanted !== 'wasm')
  throw new Error(`backend ${wanted}: expected auto, tensorflow or wasm`);
const { backend, backendVersion, note } = await loadRuntime(wanted);
process.stdout.write(JSON.stringify({ backend, backendVersion, note }));
