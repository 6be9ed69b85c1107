import type { DecisionStatus, PortfolioStatus, SlotStatus, ValuationStatus } from '../../views/status.ts';
import { holdingsKind } from '../account.ts';
import { navChart } from '../chart/nav-chart.ts';
import { basisPoints, decimal, money, percent, signedPercent, trueMinus } from '../format.ts';
import { html, type Markup } from '../html.ts';
import { minute } from '../instant.ts';
import { badge } from './badge.ts';
import { weightBars } from './weights.ts';

// The page shows the one that suits its width: text inside a scaled drawing would scale with it.
const wide = { width: 720, height: 270 };
const narrow = { width: 340, height: 230 };

/** One portfolio: its value, its weights, its newest decision and its next work. */
export function portfolioSection(status: PortfolioStatus, asOf: string): Markup {
  const { portfolio, inception, valuation, lines, lastDecision, nextSlots, navHistory, uninvested } = status;
  const state = valuation?.drawdownState ?? 'normal';
  return html`<section class="portfolio">
<header><h2>${portfolio}</h2>${badge(state)}<span class="quiet">since ${inception}${uninvested ? `, not invested before ${uninvested.to}` : ''}${valuation ? `, valued ${valuation.session}` : ''}, holdings ${holdingsKind(status.importedOn)}</span></header>
${valuation ? figures(valuation, status.worth) : null}
<div class="panels">
<div>
<figure><figcaption>Net asset value <span class="key net">net</span> <span class="key gross">before costs</span> <span class="key shadow">without drawdown limits</span></figcaption>
<div class="wide">${navChart(navHistory, wide)}</div><div class="narrow">${navChart(navHistory, narrow)}</div></figure>
${nextSlots.length > 0 ? slotTable(nextSlots, asOf) : null}
</div>
<div>
${weightBars(lines)}
${lastDecision ? decisionNote(lastDecision) : null}
</div>
</div>
</section>`;
}

function figures(valuation: ValuationStatus, worth: PortfolioStatus['worth']): Markup {
  const { navNet, navGross, navShadow, drawdownRatio, highWaterMark, driftOneWay } = valuation;
  const cells: [string, string, string][] = [
    ...(worth ? [accountCell(worth)] : []),
    ['Net return', signedPercent(navNet - 1), `net asset value ${decimal(navNet, 4)}`],
    ['Gross return', signedPercent(navGross - 1), `costs took ${percent(navGross - navNet)}`],
    ['Without limits', signedPercent(navShadow - 1), 'shadow portfolio, net'],
    ['Drawdown', percent(drawdownRatio), `from a mark of ${decimal(highWaterMark, 4)}`],
    ['Drift', percent(driftOneWay), 'one-way, from the targets'],
  ];
  return html`<dl class="figures">${cells.map(([name, value, note]) => html`<div><dt>${name}</dt><dd>${trueMinus(value)}</dd><dd class="quiet">${trueMinus(note)}</dd></div>`)}</dl>`;
}

const accountCell = ({
  amount,
  currency,
}: NonNullable<PortfolioStatus['worth']>): [string, string, string] => [
  'Account',
  money(amount, currency),
  'worth at that close',
];

function decisionNote(decision: DecisionStatus): Markup {
  const charged = decision.chargedCostRatio;
  return html`<section class="part"><h3>Newest decision</h3>
<dl class="facts">
<dt>Session</dt><dd>${decision.session}${decision.revision > 0 ? `, revision ${decision.revision}` : ''}</dd>
<dt>Reason</dt><dd>${decision.reason}</dd>
<dt>Allocator</dt><dd>${decision.allocator}</dd>
<dt>Fallback level</dt><dd>${decision.fallbackLevel}${decision.fallbackReason ? `: ${decision.fallbackReason}` : ''}</dd>
<dt>Turnover</dt><dd>${percent(decision.turnoverOneWay)} one-way</dd>
<dt>Cost</dt><dd>${basisPoints(decision.costRatio)} estimated, ${charged === null ? 'not filled yet' : `${basisPoints(charged)} charged`}</dd>
</dl></section>`;
}

function slotTable(slots: readonly SlotStatus[], asOf: string): Markup {
  return html`<section class="part"><h3>Next work</h3>
<div class="scroll"><table><thead><tr><th scope="col">Task</th><th scope="col">Session</th><th scope="col">Due, UTC</th><th scope="col">Deadline, UTC</th><th scope="col">State</th></tr></thead>
<tbody>${slots.map((slot) => slotRow(slot, asOf))}</tbody></table></div></section>`;
}

function slotRow(slot: SlotStatus, asOf: string): Markup {
  const overdue = slot.deadlineAt < asOf;
  const state = overdue ? 'overdue' : slot.state;
  return html`<tr><th scope="row">${slot.task}</th><td>${slot.session}</td><td>${minute(slot.dueAt)}</td><td>${minute(slot.deadlineAt)}</td><td>${badge(state)}${slot.open > 1 ? ` ×${slot.open}` : ''}</td></tr>
`;
}
