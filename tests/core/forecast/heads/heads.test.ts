import { expect, test } from 'vitest';
import { heads } from '../../../../src/core/forecast/heads/heads.ts';
import { headNames } from '../../../../src/core/forecast/heads/names.ts';

test.each(headNames)('%s stands in the table under its own name', (name) => {
  expect(heads[name].name).toBe(name);
});

const meanReturn = heads['mean-return'];
const levels = [Float64Array.from([1, 2, 4, 8, 8]), Float64Array.from([3, 3, 3, 3, 1])];

test('the targets of mean-return are mean log returns of the following sessions, NaN where these are not known', () => {
  expect([...meanReturn.target(levels, 2, 0, 4)]).toEqual([
    Math.log(4) / 2,
    0,
    Math.log(4) / 2,
    0,
    Math.log(2) / 2,
    Math.log(1 / 3) / 2,
    ...new Array(4).fill(Number.NaN),
  ]);
  expect(meanReturn.outputs(2)).toBe(2);
});

test('the baselines of mean-return are zero and the mean so far', () => {
  expect(meanReturn.baselines(levels, 1, 2)).toEqual({ zero: [0, 0], historicalMean: [Math.log(4) / 2, 0] });
});

test('mean-return says the unit of its means', () => {
  expect(meanReturn.toForecast([0.1])).toEqual({ mean: { values: [0.1], unit: 'log-return-per-session' } });
});
