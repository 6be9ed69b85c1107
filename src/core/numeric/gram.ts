/** Columns handled together; 4 x 4 sums stay in registers, and a tile of columns stays in the cache. */
const panelColumns = 4;
const tileColumns = 128;

/**
 * X'X of a row-major matrix (rows x columns): a full symmetric columns x columns array, row-major.
 * Every entry is summed over the rows in order, so equal columns give bit-equal entries.
 */
export function gram(rows: number, columns: number, values: Float64Array): Float64Array {
  const packed = pack(rows, columns, values);
  const out = new Float64Array(columns * columns);
  const block = new Float64Array(panelColumns * panelColumns);
  for (let iTile = 0; iTile < columns; iTile += tileColumns) {
    const iEnd = Math.min(iTile + tileColumns, columns);
    for (let jTile = 0; jTile <= iTile; jTile += tileColumns) {
      for (let i = iTile; i < iEnd; i += panelColumns) {
        const jEnd = Math.min(jTile + tileColumns, i + 1);
        for (let j = jTile; j < jEnd; j += panelColumns) {
          multiplyPanels(packed, i * rows, j * rows, rows, block);
          store(out, columns, i, j, block);
        }
      }
    }
  }
  mirrorLower(columns, out);
  return out;
}

/** Groups of four columns laid side by side, row after row; the last group is filled up with zeros. */
function pack(rows: number, columns: number, values: Float64Array): Float64Array {
  const panels = Math.ceil(columns / panelColumns);
  const packed = new Float64Array(panels * panelColumns * rows);
  for (let t = 0; t < rows; t += 1) {
    const row = t * columns;
    for (let i = 0; i < columns; i += 1)
      packed[(i - (i % panelColumns)) * rows + t * panelColumns + (i % panelColumns)] = values[row + i]!;
  }
  return packed;
}

function multiplyPanels(
  packed: Float64Array,
  left: number,
  right: number,
  rows: number,
  out: Float64Array,
): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  let c0 = 0;
  let c1 = 0;
  let c2 = 0;
  let c3 = 0;
  let d0 = 0;
  let d1 = 0;
  let d2 = 0;
  let d3 = 0;
  let p = left;
  let q = right;
  for (let t = 0; t < rows; t += 1) {
    const w = packed[q]!;
    const x = packed[q + 1]!;
    const y = packed[q + 2]!;
    const z = packed[q + 3]!;
    let m = packed[p]!;
    a0 += m * w;
    a1 += m * x;
    a2 += m * y;
    a3 += m * z;
    m = packed[p + 1]!;
    b0 += m * w;
    b1 += m * x;
    b2 += m * y;
    b3 += m * z;
    m = packed[p + 2]!;
    c0 += m * w;
    c1 += m * x;
    c2 += m * y;
    c3 += m * z;
    m = packed[p + 3]!;
    d0 += m * w;
    d1 += m * x;
    d2 += m * y;
    d3 += m * z;
    p += panelColumns;
    q += panelColumns;
  }
  out[0] = a0;
  out[1] = a1;
  out[2] = a2;
  out[3] = a3;
  out[4] = b0;
  out[5] = b1;
  out[6] = b2;
  out[7] = b3;
  out[8] = c0;
  out[9] = c1;
  out[10] = c2;
  out[11] = c3;
  out[12] = d0;
  out[13] = d1;
  out[14] = d2;
  out[15] = d3;
}

function store(out: Float64Array, columns: number, i: number, j: number, block: Float64Array): void {
  const height = Math.min(panelColumns, columns - i);
  const width = Math.min(panelColumns, columns - j);
  for (let r = 0; r < height; r += 1) {
    const row = (i + r) * columns + j;
    for (let c = 0; c < width; c += 1) out[row + c] = block[r * panelColumns + c]!;
  }
}

/** Copies the lower triangle of a square row-major array to its upper triangle, tile by tile. */
function mirrorLower(size: number, values: Float64Array): void {
  const tile = 32;
  for (let iTile = 0; iTile < size; iTile += tile) {
    for (let jTile = 0; jTile <= iTile; jTile += tile) {
      const iEnd = Math.min(iTile + tile, size);
      for (let i = iTile; i < iEnd; i += 1) {
        const jEnd = Math.min(jTile + tile, i);
        for (let j = jTile; j < jEnd; j += 1) values[j * size + i] = values[i * size + j]!;
      }
    }
  }
}
