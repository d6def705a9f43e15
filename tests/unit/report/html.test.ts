import { describe, expect, it } from 'vitest';
import { html, page, table } from '../../../shared/report/html.ts';
import fc from '../../fast-check.ts';

describe('markup', () => {
  it('escapes whatever is put in, and takes markup as it is', () => {
    const name = `<script>alert("it's")</script> & co`;

    const markup = html`<p title="${name}">${html`<b>${1}</b>`}${[name, null, undefined]}</p>`.toString();

    const escaped = '&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt; &amp; co';
    expect(markup).toBe(`<p title="${escaped}"><b>1</b>${escaped}</p>`);
  });

  it('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const markup = html`${text}`.toString();

        expect(markup).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('of a table sets numbers flush right', () => {
    const markup = table(['metric', 'value'], [['ROC AUC', 0.7]]).toString();

    expect(markup).toContain('<td class="text">ROC AUC</td><td class="number">0.7</td>');
  });

  it('of a page loads nothing and may load nothing', () => {
    const markup = page('a <title>', html`<h1>hello</h1>`);

    expect(markup).toContain("default-src 'none'");
    expect(markup).toContain('<title>a &lt;title&gt;</title>');
    expect(markup).not.toMatch(/https?:|<script|@import|url\(|\ssrc=|\shref=/);
  });
});
