/** What a column of a broker's report is. */
export type HoldingField =
  | 'symbol'
  | 'quantity'
  | 'weight'
  | 'price'
  | 'value'
  | 'currency'
  | 'account'
  | 'side';

/** Names as brokers write them, without case, spaces, points, hyphens, underscores, signs and brackets. */
const names: Record<HoldingField, string> = {
  symbol:
    'symbol ticker tickersymbol instrument securitysymbol stocksymbol sym stock symbolticker symbole simbolo',
  quantity:
    'quantity qty shares units position quantityheld sharesheld sharequantity noofshares numberofshares stück stueck anzahl menge bestand quantité quantite cantidad',
  weight:
    'weight weighting weights allocation pct percent percentofaccount percentofportfolio percentage ofaccount ofportfolio oftotal ofholdings portfolio gewicht gewichtung anteil poids peso',
  price: 'price lastprice marketprice currentprice closeprice close last unitprice kurs cours',
  value: 'value marketvalue mktvalue mktval currentvalue totalvalue positionvalue marktwert wert kurswert',
  currency: 'currency ccy währung waehrung devise',
  side: 'side longshort direction positiontype positionside',
  account: 'account accountnumber accountname accountid depot konto',
};

const fieldOf = new Map(
  Object.entries(names).flatMap(([field, all]) =>
    all.split(' ').map((name): [string, HoldingField] => [name, field as HoldingField]),
  ),
);

const plain = (name: string) => name.toLowerCase().replace(/[ ._/*()%$#-]/g, '');

/** What a column name means, with or without what stands in brackets; undefined where it is not read. */
export function holdingField(name: string): HoldingField | undefined {
  return fieldOf.get(plain(name)) ?? fieldOf.get(plain(name.replace(/\(.*\)/, '')));
}

export const holdingMeanings: Record<HoldingField, string> = {
  symbol: 'symbol',
  quantity: 'shares, or money for cash',
  weight: 'weight',
  price: 'price, only compared with the value',
  value: 'value, of cash its money',
  currency: 'currency',
  account: 'account, only compared',
  side: 'side, which may not be short',
};
