import { describe, expect, test } from 'vitest';
import { type LetterContent, renderLetter } from '../../../src/presentation/letter/letter.ts';
import { drawdownContent, firstContent, holdContent, largeContent, monthlyContent } from './samples.ts';

/** The words of an HTML document as a reader sees them. */
function words(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->|<head>[\s\S]*?<\/head>|<div style="display:none[\s\S]*?<\/div>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&nbsp;', ' ')
    .replaceAll('−', '-')
    .replace(/\s+/g, ' ');
}

const flat = (text: string) => text.replace(/\s+/g, ' ');

describe("an ordinary month's letter", () => {
  test('says in both parts what changes, why, and what it costs', async () => {
    const { subject, text, html } = await renderLetter(monthlyContent());
    expect(subject).toBe('us-etfs: trade 16.4% on 1 February 2024');
    for (const body of [flat(text), words(html)])
      for (const said of [
        'Buy SPY and GLD, sell TLT',
        'Decided at the close of Wednesday 31 January 2024. To be filled at the close of Thursday 1 February 2024.',
        "This is the decision at the month's end.",
        'The largest purchase is SPY, from 34.2% to 39.1%.',
        'The largest sale is TLT, from 30.1% to 21.9%.',
        'signal over volatility. Forecasts move them 50.0% of the way from the base weights.',
        'Turnover, one-way 8.2%',
        'Turnover, two-way (all that is traded) 16.4%',
        'Estimated cost 0.8 bps, USD 28.92',
        'Charged since inception 201 bps',
        'Worth of the account USD 352,625',
        'Holdings simulated',
        'Net asset value, after costs 1.4105',
        'Return since the last decision +1.2%',
        'Maximum drawdown, net -11.3%',
        'State normal, since 2 January 2018',
        'High-water mark 1.4412',
        'Against the mark -2.1%',
        'Exposure allowed 100.0%',
        'At the upper bound of 14.0%: VNQ.',
        'VNQ was filled: 1 missing closes filled',
        'Model 3f2a9c000000, trained on closes up to 29 December 2023, to be used until 5 July 2024, on tensorflow 2.21.0.',
        'Prices as known at 2024-01-31T21:45:12.204Z. Configuration b41d77eeeeee. Code 0.1.0+4f0c2d1.',
        'not investment advice',
      ])
        expect(body).toContain(said);
  });

  test('sets the weights in a table', async () => {
    const { text, html } = await renderLetter(monthlyContent());
    expect(text).toContain(
      [
        '        Old    New  Trade  Forecast',
        'SPY   34.2%  39.1%  +4.9%     +0.9%',
        'TLT   30.1%  21.9%  -8.2%     -0.3%',
        'GLD   20.7%  24.0%  +3.3%     +0.6%',
        'VNQ   14.0%  14.0%      -     +0.2%',
        'Cash   1.0%   1.0%      -',
      ].join('\n'),
    );
    expect(words(html)).toMatch(/TLT forecast -0.3% 30.1% 21.9% -8.2%/);
  });

  test('draws each bar as long as its weight against the longest', async () => {
    const { html } = await renderLetter(monthlyContent());
    const row = html.slice(html.indexOf('>TLT<'), html.indexOf('>GLD<'));
    const widths = [...row.matchAll(/<td width="([\d.]+)%" style="[^"]*background:(#\w+);"/g)];
    expect(widths.map(([, width]) => Number(width))).toEqual([77, 23, 56, 44]);
  });

  test('is the same each time', async () => {
    expect(await renderLetter(monthlyContent())).toEqual(await renderLetter(monthlyContent()));
  });

  test('loads nothing from anywhere and runs nothing', async () => {
    const { html } = await renderLetter(monthlyContent());
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=/i);
    expect(html.match(/href="([^"]*)"/g)).toEqual(['href="http://127.0.0.1:9464/"']);
    expect(html).not.toContain('{{');
  });
});

describe('an account in a letter', () => {
  test('is told as a broker told it, or as simulated, with what it is worth', async () => {
    const imported = { ...monthlyContent(), importedOn: '2024-01-12', worth: 2500 };
    for (const part of ['text', 'html'] as const) {
      const said = words((await renderLetter(imported))[part]);
      expect(said).toContain('Worth of the account USD 2,500');
      expect(said).toContain('Holdings imported on 12 January 2024');
      expect(said).toContain('Estimated cost 0.8 bps, USD 0.21');
      const without = words((await renderLetter({ ...imported, importedOn: null, worth: null }))[part]);
      expect(without).toContain('Holdings simulated');
      expect(without).not.toMatch(/Worth of the account|USD/);
    }
  });

  test('that was opened after its inception says which months were not decided', async () => {
    const uninvested = { from: '2018-01-02', to: '2024-01-31', monthEnds: 72 };
    const sentence =
      'This portfolio was not invested from 2018-01-02 to 2024-01-31: 72 month ends before the first start were not decided';
    const { text, html } = await renderLetter({ ...monthlyContent(), uninvested });
    for (const said of [flat(text), words(html)]) expect(said).toContain(sentence);
    const one = await renderLetter({ ...monthlyContent(), uninvested: { ...uninvested, monthEnds: 1 } });
    expect(flat(one.text)).toContain('1 month end before the first start was not decided');
    expect(flat((await renderLetter(monthlyContent())).text)).not.toContain('not invested');
  });
});

describe('a letter out of the ordinary', () => {
  const both = async (content: LetterContent) => {
    const { subject, text, html } = await renderLetter(content);
    return { subject, bodies: [flat(text), words(html)] };
  };

  test('says what corrected prices have changed since the last decision, a sentence each', async () => {
    const first = {
      fromSession: '2024-01-10',
      effectBps: -12.34,
      stateBefore: 'normal',
      stateAfter: 'normal',
      reason: 'prices of SPY were restated',
    } as const;
    const second = { ...first, effectBps: 250, stateBefore: 'halted', fromSession: '2024-01-19' } as const;
    for (const body of (await both({ ...monthlyContent(), restatements: [first, second] })).bodies) {
      expect(body).toMatch(
        /Net asset value was restated by [-−]12\.3 basis points from 10 January 2024 on \(prices of SPY were restated\)\./,
      );
      expect(body).toContain(
        'by +250.0 basis points from 19 January 2024 on (prices of SPY were restated); the drawdown state is normal, not halted.',
      );
    }
    for (const body of (await both(monthlyContent())).bodies) expect(body).not.toContain('restated');
  });

  test('says first of all where the program is at fault, and only there', async () => {
    const content = monthlyContent();
    const attempt = { level: 'full', outcome: 'failed', reason: 'of undefined', isFault: true } as const;
    const decision = {
      ...content.decision,
      fallbackLevel: 'hold' as const,
      fallbackReason: 'full: of undefined',
      fallbackAttempts: [attempt],
    };
    for (const body of (await both({ ...content, decision })).bodies) {
      const fault = body.indexOf('A fault of the program. The decision could not be made');
      expect(fault).toBeGreaterThan(0);
      expect(body.indexOf('Fallback level hold.')).toBeGreaterThan(fault);
    }
    const market = { ...decision, fallbackAttempts: [{ ...attempt, isFault: false }] };
    for (const body of (await both({ ...content, decision: market })).bodies)
      expect(body).not.toContain('fault of the program');
  });

  test('says that the least variance was taken, where no Sharpe ratio was worth its risk', async () => {
    const content = monthlyContent();
    const decision = { ...content.decision, fallbackReason: 'full: nothing earns more than the rate' };
    for (const body of (await both({ ...content, decision })).bodies)
      expect(body).toContain(
        'instead of the greatest Sharpe ratio. Reason: full: nothing earns more than the rate.',
      );
    for (const body of (await both(content)).bodies) expect(body).not.toContain('Least variance.');
  });

  test('says before anything else that a lower fallback level was taken, and that it is late', async () => {
    const { subject, bodies } = await both(drawdownContent());
    expect(subject).toBe('Late: us-etfs: trade 99.0% on 13 March 2020, drawdown limit [signal-off]');
    for (const body of bodies) {
      expect(body).toContain('The drawdown state changed: it is reduced since 12 March 2020.');
      expect(body).toContain('The drawdown state, reduced, allows 50.0% of full exposure.');
      expect(body).toContain('Without the limit, against its mark -10.0%');
      const fallbackLevel = body.indexOf('Fallback level signal-off. The forecasts were not used.');
      const late = body.indexOf('Late. The decision was made after its planned time.');
      expect(fallbackLevel).toBeGreaterThan(0);
      expect(late).toBeGreaterThan(fallbackLevel);
      expect(body.indexOf('The drawdown state changed')).toBeGreaterThan(late);
      expect(body).toContain('Reason: the model expired on 2020-03-05, trained on 2019-09-30.');
      expect(body).not.toContain('forecast +');
    }
  });

  test.each(['previous-covariance', 'last-good', 'hold', 'signal-off'] as const)(
    'names the fallback level %s',
    async (fallbackLevel) => {
      const content = monthlyContent();
      const { subject, bodies } = await both({
        ...content,
        decision: { ...content.decision, fallbackLevel },
      });
      expect(subject).toContain(`[${fallbackLevel}]`);
      for (const body of bodies) expect(body).toContain(`Fallback level ${fallbackLevel}.`);
    },
  );

  test('holds: nothing to trade', async () => {
    const { subject, bodies } = await both(holdContent());
    expect(subject).toBe('us-etfs: nothing to trade on 1 February 2024 [hold]');
    for (const body of bodies) {
      expect(body).toContain('Nothing to trade');
      expect(body).toContain('The next session is Thursday 1 February 2024.');
      expect(body).toContain('Estimated cost 0 bps');
    }
  });

  test('first of all: no return since the last, no model, no amounts of money', async () => {
    const { bodies } = await both(firstContent());
    for (const body of bodies) {
      expect(body).toContain('Buy SPY, TLT, GLD and VNQ');
      expect(body).toContain('This is the scheduled monthly decision.');
      expect(body).toContain('hierarchical risk parity. Forecasts did not move them.');
      expect(body).toContain('No model was used.');
      expect(body).not.toMatch(/USD|since the last|Limits and notes|Status|FallbackLevel|Late\./);
    }
  });

  test('names the rule of a forecast that needs no model', async () => {
    const content = firstContent();
    const inputs = { ...content.decision.inputs, modelId: 'naive:historical-mean' };
    const { bodies } = await both({ ...content, decision: { ...content.decision, inputs } });
    for (const body of bodies)
      expect(body).toContain('Forecast by the rule historical-mean, without a trained model.');
  });

  test('asked for by hand', async () => {
    const content = monthlyContent();
    const { subject, bodies } = await both({
      ...content,
      decision: { ...content.decision, reason: 'manual' },
    });
    expect(subject).toContain('by hand');
    for (const body of bodies) expect(body).toContain('This decision was asked for by hand.');
  });

  test('links only to the web', async () => {
    for (const statusUrl of ['javascript:alert(1)', 'data:text/html,x', ''])
      expect((await renderLetter({ ...monthlyContent(), statusUrl })).html).not.toContain('href');
  });

  test('with figures that are not numbers still comes, and says so', async () => {
    const content = monthlyContent();
    const performance = { ...content.performance, returnNetSinceInception: Number.NaN };
    const { text } = await renderLetter({ ...content, performance });
    expect(text).toMatch(/Return since 2 January 2018 +not known/);
    expect(text).not.toContain('NaN');
  });
});

describe('a letter of many assets', () => {
  test('shows the largest trades, sums up the rest, and stays below what mail clients cut', async () => {
    const content = largeContent(500);
    const { text, html } = await renderLetter(content);
    expect(Buffer.byteLength(html)).toBeLessThan(100_000);
    expect(text).toMatch(/^Buy \d+ assets, sell \d+ assets$/m);
    expect(text).toMatch(/^470 others, net/m);
    const rows = text.split('\n').filter((line) => /^ASSET\d+ /.test(line));
    expect(rows).toHaveLength(30);
    const smallestShown = Math.min(...rows.map((row) => Math.abs(Number.parseFloat(row.split(/\s+/)[3]!))));
    const shown = new Set(rows.map((row) => row.split(/\s+/)[0]));
    const largestHidden = Math.max(
      ...content.decision.lines
        .filter(({ symbol }) => !shown.has(symbol))
        .map(({ trade }) => Math.abs(100 * trade)),
    );
    expect(largestHidden).toBeLessThanOrEqual(smallestShown + 0.05);
  });

  test('adds up: the rows shown, the rest and cash are the whole', async () => {
    const { text } = await renderLetter(largeContent(120));
    const rows = text.split('\n').filter((line) => /^(ASSET\d+|90 others, net|Cash) /.test(line));
    expect(rows).toHaveLength(32);
    const column = (index: number) =>
      rows
        .map((row) => Number.parseFloat(row.match(/-?[\d.]+%/g)![index]!))
        .reduce((sum, value) => sum + value, 0);
    expect(Math.abs(column(0) - 100)).toBeLessThan(32 * 0.05 + 1e-6);
    expect(Math.abs(column(1) - 100)).toBeLessThan(32 * 0.05 + 1e-6);
  });

  test('cuts endless reasons and lists short', async () => {
    const { decision, ...content } = monthlyContent();
    const quality = Array.from({ length: 45 }, (_, index) => ({
      symbol: `Q${index}`,
      kind: 'dropped' as const,
      sessions: 1,
      reason: 'x '.repeat(5000),
    }));
    const binding = quality.map(({ symbol }, index) => ({
      kind: 'upper' as const,
      name: symbol,
      limit: index / 100,
      multiplier: null,
    }));
    const fallbackReason = 'y'.repeat(9000);
    const { text, html } = await renderLetter({
      ...content,
      decision: { ...decision, quality, binding, fallbackLevel: 'hold', fallbackReason },
    });
    expect(text).toContain('25 more limits bind.');
    expect(text).toContain('25 more notes on prices are stored with the decision.');
    expect(text).toMatch(/ y{300}\n? +\.\.\./);
    expect(Buffer.byteLength(html)).toBeLessThan(100_000);
  });

  test('keeps the text within 72 columns and the list of limits short', async () => {
    for (const content of [largeContent(120), monthlyContent(), drawdownContent(), holdContent()]) {
      const { text } = await renderLetter(content);
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72);
    }
    expect((await renderLetter(largeContent(120))).text).toContain('ASSET7 and 6 more.');
  });
});
