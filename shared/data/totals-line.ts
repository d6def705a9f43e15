/** Lines of totals, as spreadsheets and reports put them below a table: no row, and refused as one; a person is told why. */

/** What the first cell of such a line holds, whatever its case; for RE2 and JavaScript alike. */
const WORDS =
  '(?:grand[ -]?|sub-?)?totals?|total g[eé]n[eé]ral|totaal|totale|totalt|sum|summe|gesamt(?:summe)?|somme|suma|итого|合計|合计|总计';

/** A whole cell, trimmed, in RE2's syntax. */
export const TOTALS_CELL = `(?i:${WORDS}):?`;

const BEGINS = new RegExp(`^"?(?:${WORDS}):?"?(?:[;,\\t|]|$)`, 'i');

/** Whether a line begins as totals do. */
export const beginsLikeTotals = (line: string): boolean => BEGINS.test(line);

/** What to do about it. */
export const TOTALS = 'it looks like a line of totals below the table: take it away';
