import type { StatusSnapshot } from '../../views/status.ts';
import { html, type Markup } from '../html.ts';
import { minute } from '../instant.ts';
import { issues } from './issues.ts';
import { portfolioSection } from './portfolio.ts';
import { style } from './style.ts';
import { decisionTable, letterTable, modelTable, sourceTable } from './tables.ts';

const refreshSeconds = 60;

/** The status page: one document without any other asset, script or request. */
export function statusPage(snapshot: StatusSnapshot): string {
  const { asOf, backend, backendVersion, portfolios, decisions, models, letters, sources } = snapshot;
  const about = backend === null ? 'no model trained yet' : `${backend} ${backendVersion}`;
  return page(html`<header class="top"><h1>rebalanced</h1><p class="quiet">${minute(asOf)} UTC · ${about}</p></header>
${attention(issues(snapshot), portfolios.length)}
${portfolios.map((portfolio) => portfolioSection(portfolio, asOf))}
${decisionTable(decisions)}
${modelTable(models)}
${letterTable(letters)}
${sourceTable(sources)}
<footer class="quiet">Read-only. The same as JSON: <a href="/api/status">/api/status</a>, <a href="/metrics">/metrics</a>, <a href="/readyz">/readyz</a>.</footer>`);
}

/** The page when the rows cannot be read. */
export function unavailablePage(): string {
  return page(html`<header class="top"><h1>rebalanced</h1></header>
<section class="attention"><h2>The database does not answer</h2><p>Nothing can be shown until it does; this page tries again by itself. See <a href="/readyz">/readyz</a> and the log.</p></section>`);
}

function attention(sentences: readonly string[], portfolios: number): Markup {
  if (portfolios === 0) return html`<p class="well">No portfolio has started yet.</p>`;
  if (sentences.length === 0) return html`<p class="well">Everything is in time and in order.</p>`;
  return html`<section class="attention"><h2>To look at</h2><ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul></section>`;
}

function page(body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="${refreshSeconds}">
<title>rebalanced</title>
${style}
</head>
<body><main>
${body}
</main></body>
</html>
`.toString();
}
