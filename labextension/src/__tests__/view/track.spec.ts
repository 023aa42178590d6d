import { describe, expect, it } from 'vitest';

import { IStatement } from '../../model/annotations';
import { StatementKind } from '../../text/prose';
import { runsOf, shortened } from '../../view/track';

function said(value: string, kind: StatementKind = 'stated'): IStatement {
  return { kind, value, range: { start: 0, end: 1 }, at: 0 };
}

const lineOf = (statements: IStatement[], most = 10): string =>
  shortened(runsOf(statements), most)
    .map(part =>
      'left' in part
        ? `…${part.left}…`
        : `${part.statement.value}${part.times > 1 ? `×${part.times}` : ''}`
    )
    .join(' ');

describe('the line of answers stated', () => {
  it('says a value in a row once, with how often', () => {
    expect(lineOf([said('204'), said('204'), said('60')])).toBe('204×2 60');
    const given = [said('60', 'given'), said('60', 'again'), said('7')];
    expect(lineOf([said('204'), ...given])).toBe('204 60×2 7');
  });

  it('keeps apart what is there and what is left out of the text', () => {
    const gone = { ...said('204'), range: null };
    expect(lineOf([said('204'), gone, gone])).toBe('204 204×2');
  });

  it('leaves out of many those that were neither right nor given', () => {
    const many = Array.from({ length: 30 }, (_, i) => said(String(i)));
    expect(lineOf(many)).toBe('0 1 …26… 28 29');
    const told = [...many];
    told[9] = said('right', 'right');
    told[11] = said('wrong', 'given');
    told[20] = said('wrong', 'again');
    expect(lineOf(told)).toBe('0 1 …7… right 10 wrong …8… wrong …7… 28 29');
  });

  it('is of a bounded length however often an answer is given', () => {
    const many = Array.from({ length: 5_000 }, (_, i) =>
      i % 2 ? said('60', 'again') : said(String(i))
    );
    const parts = shortened(runsOf(many), 10);
    expect(parts.length).toBeLessThanOrEqual(24);
    const left = parts.flatMap(part => ('left' in part ? [part.left] : []));
    const kept = parts.length - left.length;
    expect(left.reduce((sum, n) => sum + n, kept)).toBe(5_000);
  });

  it('is whole where it is short, or all of it is asked for', () => {
    const many = Array.from({ length: 30 }, (_, i) => said(String(i)));
    expect(shortened(runsOf(many), Infinity)).toHaveLength(30);
    expect(lineOf(many.slice(0, 10))).toBe('0 1 2 3 4 5 6 7 8 9');
  });
});
