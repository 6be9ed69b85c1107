import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocate } from '../src/core/allocation/allocate.ts';
import { type AllocationOptions, type AllocatorName, allocators } from '../src/core/allocation/allocators.ts';
import { recursiveBisection } from '../src/core/allocation/hrp.ts';
import { correlationDistances } from '../src/core/clustering/correlation-distance.ts';
import { leafOrder } from '../src/core/clustering/merge-tree.ts';
import { inverseVolatilities } from '../src/core/risk/covariance.ts';
import { estimateCovariance } from '../src/core/risk/estimate-covariance.ts';
import { meanReturns, type ReturnsMatrix } from '../src/core/risk/returns.ts';
import { loadRuntime } from '../src/networks/runtime.ts';
import { generator, randomReturns } from '../tests/core/allocation/random-returns.ts';
import { type MatrixProduct, proposedLinkage } from './proposed-linkage.ts';

const sessions = 504;

/** `peer` names the row of bench/peers_allocation.py; `targets` are milliseconds by number of assets. */
type Subject = {
  title: string;
  name: AllocatorName;
  options: AllocationOptions;
  peer?: string;
  assets: number[];
  targets: Record<number, number>;
};

const chosen: Subject[] = [
  {
    title: 'hrp pypfopt',
    name: 'hrp',
    options: {},
    peer: 'hrp',
    assets: [50, 200, 500, 1000, 2000, 5000],
    targets: { 500: 60, 5000: 6000 },
  },
  {
    title: 'hrp paper',
    name: 'hrp',
    options: { variant: 'paper' },
    assets: [50, 200, 500],
    targets: { 500: 250 },
  },
  {
    title: 'hrp riskfolio',
    name: 'hrp',
    options: { variant: 'riskfolio' },
    peer: 'hrp riskfolio',
    assets: [50, 200, 500],
    targets: {},
  },
  { title: 'herc', name: 'herc', options: {}, peer: 'herc', assets: [50, 200, 500], targets: { 500: 150 } },
  {
    title: 'min variance',
    name: 'mvo',
    options: {},
    peer: 'min variance',
    assets: [50, 200, 500],
    targets: { 500: 150 },
  },
  {
    title: 'max sharpe',
    name: 'mvo',
    options: { objective: 'max-sharpe' },
    peer: 'max sharpe',
    assets: [50, 200, 500],
    targets: {},
  },
  { title: 'cla', name: 'cla', options: {}, peer: 'cla', assets: [50, 200, 500], targets: { 200: 100 } },
  {
    title: 'risk parity',
    name: 'risk-parity',
    options: {},
    peer: 'risk parity',
    assets: [50, 200, 500],
    targets: {},
  },
];

/** Those above, and every other allocator of the table that a file of returns is enough for. */
const subjects: Subject[] = [
  ...chosen,
  ...allocators
    .filter(({ name, needs }) => !needs.forecast && chosen.every((subject) => subject.name !== name))
    .map(({ name }) => ({ title: name, name, options: {}, assets: [50, 200, 500], targets: {} })),
];

/**
 * `node bench/main.ts allocation [largest number of assets]`: milliseconds from a returns matrix of 504 sessions to weights, best of several, with
 * the Python peers beside them on the same returns when PEERS_PYTHON names an interpreter that has them.
 */
export async function main(args: readonly string[]): Promise<void> {
  const largest = Number(args[0] ?? 5000);
  const peers = peerTimes([50, 200, 500].filter((assets) => assets <= largest));
  console.log(
    'from returns of 504 sessions to weights, milliseconds, best of several (factor | independent returns)',
  );
  console.log('allocator        assets   factor   indep.   target   peers (factor)');
  const hrpTimes = new Map<number, number>();
  for (const subject of subjects) {
    for (const assets of subject.assets.filter((count) => count <= largest)) {
      const factor = best(subject, randomReturns(1, sessions, assets));
      const independent = best(subject, independentReturns(assets));
      if (subject.title === 'hrp pypfopt') hrpTimes.set(assets, factor);
      const target = subject.targets[assets];
      const verdict =
        target === undefined ? '' : `${target} ${Math.max(factor, independent) <= target ? 'met' : 'MISSED'}`;
      const peer = Object.entries(peers?.[`${subject.peer} ${assets}`] ?? {})
        .map(([who, ms]) => `${who} ${ms.toFixed(0)} (${(ms / factor).toFixed(0)}x)`)
        .join(', ');
      console.log(
        [
          subject.title.padEnd(16),
          pad(assets, 6),
          pad(factor, 9),
          pad(independent, 9),
          verdict.padStart(11),
          ` ${peer}`,
        ].join(''),
      );
    }
  }
  const [from, to] = [hrpTimes.get(1000), hrpTimes.get(5000)];
  if (from && to) {
    const power = Math.log(to / from) / Math.log(5);
    console.log(
      `hrp grows as N^${power.toFixed(2)} from 1000 to 5000 assets, target N^2.2: ${power <= 2.2 ? 'met' : 'MISSED'}`,
    );
  }
  if (largest >= 5000) await paperNative();
}

/** The paper's variant at 5,000 assets with TensorFlow's product to propose and float64 to decide. */
async function paperNative(): Promise<void> {
  const { tf, backend } = await loadRuntime('auto');
  if (backend !== 'tensorflow') {
    console.log('hrp paper, 5000 assets, native product: skipped, native TensorFlow cannot be loaded');
    return;
  }
  // Not inside tf.tidy: it would look for tensors in every one of the 25 million numbers given back.
  const matrixProduct: MatrixProduct = (values, rows, columns) => {
    const matrix = tf.tensor2d(values, [rows, columns]);
    const product = tf.matMul(matrix, matrix, false, true);
    const out = product.dataSync() as Float32Array;
    matrix.dispose();
    product.dispose();
    return out;
  };
  for (const assets of [500, 5000]) {
    const returns = randomReturns(1, sessions, assets);
    const ms = leastTime(repeatsOf(assets), () => paperWeights(returns, matrixProduct));
    const verdict = assets === 5000 ? `, target 20000: ${ms <= 20_000 ? 'met' : 'MISSED'}` : '';
    console.log(`hrp paper, ${assets} assets, native product: ${ms.toFixed(0)} ms${verdict}`);
  }
}

/** hrp's paper variant, its linkage proposed by a quick product. */
function paperWeights(returns: ReturnsMatrix, product: MatrixProduct): number[] {
  const covariance = estimateCovariance('sample', returns);
  const inverse = inverseVolatilities(covariance);
  const all = Int32Array.from(inverse.keys());
  const order = leafOrder(proposedLinkage(correlationDistances(covariance, all, inverse), product));
  const weights = new Array<number>(covariance.size).fill(0);
  recursiveBisection(covariance, inverse, order, 1, weights);
  return weights;
}

function best({ name, options }: Subject, returns: ReturnsMatrix): number {
  return leastTime(repeatsOf(returns.columns), () => {
    const covariance = estimateCovariance('sample', returns);
    allocate(name, { returns, covariance, mean: Array.from(meanReturns(returns)) }, options);
  });
}

const repeatsOf = (assets: number) => (assets <= 500 ? 9 : 3);

/** Milliseconds of the quickest of some runs. */
function leastTime(repeats: number, run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Returns without a common factor: most assets end up held, which is the hard case for an optimiser. */
function independentReturns(assets: number): ReturnsMatrix {
  const uniform = generator(2);
  const values = Float64Array.from({ length: sessions * assets }, () => 0.0004 + 0.03 * (uniform() - 0.5));
  return { rows: sessions, columns: assets, values };
}

/** Milliseconds of each package by subject and size, or nothing without PEERS_PYTHON. */
function peerTimes(sizes: readonly number[]): Record<string, Record<string, number>> | undefined {
  const python = process.env.PEERS_PYTHON;
  if (!python) {
    console.log(
      'peers skipped: PEERS_PYTHON does not name a Python with pyportfolioopt, riskfolio-lib and skfolio',
    );
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'peers-'));
  try {
    const files = sizes.map((assets) => {
      const { values } = randomReturns(1, sessions, assets);
      const file = join(folder, `${assets}.f64`);
      writeFileSync(file, new Uint8Array(values.buffer));
      return file;
    });
    const script = join(import.meta.dirname, 'peers_allocation.py');
    const output = execFileSync(python, [script, String(sessions), ...files], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(output.trim().split('\n').at(-1)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pad(value: number, width: number): string {
  return value.toFixed(Number.isInteger(value) ? 0 : 1).padStart(width);
}
