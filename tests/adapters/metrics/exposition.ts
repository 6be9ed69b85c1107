/** Samples of a text exposition: `name{label="value",...}`, labels in alphabetical order, to its value. */
export function samplesOf(exposition: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of exposition.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a line of an exposition: ${line}`);
    const sorted = (labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []).sort().join(',');
    const key = sorted ? `${name}{${sorted}}` : name;
    if (samples.has(key)) throw new Error(`${key} is there twice`);
    samples.set(key, Number(value));
  }
  return samples;
}
