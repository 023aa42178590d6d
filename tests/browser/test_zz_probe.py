from tests.browser.test_access import *
import json
OWN = """() => {
 const lum = (c) => { const f = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126*f[0]+0.7152*f[1]+0.0722*f[2]; };
 const parse = (t) => t.match(/[\\d.]+/g).map(Number);
 const out = {};
 for (const e of document.querySelectorAll('.qwq-RunView *')) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  if (!e.checkVisibility()) continue;
  let b = e, bg; while (b) { bg = parse(getComputedStyle(b).backgroundColor); if (bg.length < 4 || bg[3] === 1) break; b = b.parentElement; }
  const fg = parse(getComputedStyle(e).color); const a = fg.length > 3 ? fg[3] : 1;
  const mix = fg.slice(0,3).map((v, i) => v*a + bg[i]*(1-a));
  const [x, y] = [lum(mix), lum(bg)].sort((p, q) => q - p); const r = (x + 0.05) / (y + 0.05);
  if (r < 4.5) { const k = e.tagName + '.' + e.className + ' < ' + e.parentElement.className + ' ' + getComputedStyle(e).color + ' on ' + bg + ' ' + r.toFixed(2); out[k] = (out[k] || e.textContent.slice(0, 20)); }
 } return out; }"""
@pytest.mark.parametrize("dark", [False, True])
def test_zz(lab, axe, dark):
    save(lab, "axe.ipynb", run()); save(lab, "r.ipynb", running())
    for name in ("axe.ipynb", "r.ipynb"):
        with lab.page(name, dark=dark) as page:
            page.wait_for_selector(LINE)
            print("\nSERIOUS", violations(page, axe))
            print(page.evaluate("async () => { const f = await axe.run('.qwq-RunView', {runOnly: ['color-contrast']}); return JSON.stringify([['passes','violations','incomplete','inapplicable'].map((k) => [k, f[k].map((x) => [x.id, x.nodes.map((n) => n.target.join(' '))])])]).slice(0, 1500); }"))
            print("OWN", dark, name, json.dumps(page.evaluate(OWN), indent=1, ensure_ascii=False))
            print(page.evaluate("() => { const o = []; let e = document.querySelector('.qwq-RunView'); while (e) { const s = getComputedStyle(e), r = e.getBoundingClientRect(); o.push([e.className.slice(0, 40), s.overflow, s.contain, s.position, Math.round(r.width), Math.round(r.height), s.opacity]); e = e.parentElement; } return o.map(String).join('\\n'); }") if name == "axe.ipynb" and not dark else "")
