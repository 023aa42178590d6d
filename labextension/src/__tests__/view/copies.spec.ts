import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { IEntry, ITrace } from '../../model/entry';
import { readRecord } from '../../record/record';
import {
  asCurl,
  asJson,
  asLine,
  asLink,
  asMarkdown,
  ICopied
} from '../../view/copies';

const HOSTILE =
  "it's $(touch x) `id` \u202e \x1b[2J 😀 ```\n![x](http://evil.invalid)";

function copied(run: object = {}, row: object = {}, trace?: ITrace): ICopied {
  const record = readRecord({
    run_id: '1',
    model: 'QwQ-32B',
    url: 'http://127.0.0.1:8000/v1/',
    key_env: 'QWQ_API_KEY',
    sampling: { temperature: 0.6, top_k: 40, seed: 7 },
    run_dir: 'qwq_runs/a run',
    samples: [{ id: 'math_500/level-5/37', outcome: 'wrong', ...row }],
    ...run
  })!;
  const [first] = record.samples;
  const entry: IEntry = { key: 'k', row: first, stream: null };
  return { record, entry, trace };
}

describe('a sample that is copied', () => {
  it('as a line is one that shows it', () => {
    expect(asLine(copied())).toBe(
      "%qwq_show 'a run' --sample math_500/level-5/37"
    );
    expect(asLine(copied({}, { id: 'x/ü y', repeat: 2 }))).toBe(
      "%qwq_show 'a run' --sample 'x/ü y' --repeat 2"
    );
    expect(asLine(copied({}, { id: "x'; import os" }))).toBeNull();
    expect(asLine(copied({}, { id: '--out' }))).toBeNull();
  });

  it('as a link is one in Markdown, whatever its name', () => {
    expect(asLink(copied({}, { repeat: 2 }))).toBe(
      '[math\\_500/level-5/37](qwq_runs/a%20run/qwq_run.json#sample=math_500%2Flevel-5%2F37&repeat=2)'
    );
    const id = 'a](http://evil.invalid) <b> $x$';
    expect(asLink(copied({}, { id }))).toBe(
      '[a\\](http://evil.invalid) \\<b\\> \\$x\\$](qwq_runs/a%20run/qwq_run.json#sample=a%5D%28http%3A%2F%2Fevil.invalid%29%20%3Cb%3E%20%24x%24)'
    );
    expect(asLink(copied({ run_dir: '../../x' }))).toBeNull();
    expect(asLink(copied({ run_dir: 'javascript:alert(1)' }))).toBeNull();
  });

  it('as Markdown is text in fences that none of it ends', () => {
    const trace = { reasoning: HOSTILE, answer: 'It is 60.', prompt: null };
    const text = asMarkdown(
      copied({}, { gold: '113', extracted: '29' }, trace)
    );
    expect(text).toContain('### ✗ wrong: `math_500/level-5/37`');
    expect(text).toContain('`29 ≠ 113`');
    expect(text).toContain(`\`\`\`\`text\n${HOSTILE}\n\`\`\`\``);
    expect(text).toContain('#### Answer\n\n```text\nIt is 60.\n```');
    expect(text).not.toContain('#### Question');
  });

  it('as curl asks what was asked, names the key’s variable, and runs nothing else', () => {
    const prompt = [{ role: 'user', content: HOSTILE }];
    const line = asCurl(copied().record, prompt);
    expect(line).toContain('-H "Authorization: Bearer $QWQ_API_KEY"');
    // A shell that hands its words on in the place of curl.
    const script = `curl() { printf '%s\\0' "$@"; }; QWQ_API_KEY=k; ${line}`;
    const words = execFileSync('sh', ['-c', script]).toString().split('\0');
    expect(words.slice(0, 6)).toEqual([
      'http://127.0.0.1:8000/v1/chat/completions',
      '-H',
      'Content-Type: application/json',
      '-H',
      'Authorization: Bearer k',
      '-d'
    ]);
    expect(words[6]).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(words[6])).toEqual({
      model: 'QwQ-32B',
      messages: prompt,
      temperature: 0.6,
      top_k: 40,
      seed: 7
    });
    for (const key_env of ['', 'X"; touch y; "', '$(id)']) {
      expect(asCurl(copied({ key_env }).record, prompt)).not.toContain(
        'Bearer'
      );
    }
  });

  it('as JSON has the whole texts', () => {
    const trace = { reasoning: 'r', answer: 'a', prompt: null };
    const row = JSON.parse(asJson(copied({}, {}, trace)));
    expect([row.reasoning.text, row.answer.text]).toEqual(['r', 'a']);
  });
});
