/** Builds `src/page/` into one module and one style sheet that load nothing: KaTeX's fonts stand in the style sheet. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** Every browser that can open the page's texts (DecompressionStream) reads woff2. */
function woff2Only(): Plugin {
  const others =
    /,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g;
  return {
    name: 'woff2-only',
    enforce: 'pre',
    transform: (code, id) =>
      /katex[^/]*\.css/.test(id) ? code.replace(others, '') : null
  };
}

/**
 * No text of the module ends, or hides, the script that it stands in (HTML, 13.2.5: script data states). Lezer's
 * Markdown has both in its patterns; an escape means the same in a string, a template and a pattern.
 */
function insideScript(): Plugin {
  return {
    name: 'inside-script',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk') {
          chunk.code = chunk.code.replace(/<(?=!--|\/?script)/gi, '\\x3C');
        }
      }
    }
  };
}

/** The licences of the packages in the module, as they want to be shipped: at its end. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') {
          continue;
        }
        const folders = new Set<string>();
        for (const id of chunk.moduleIds) {
          const found =
            /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id);
          if (found !== null) {
            folders.add(found[0].replace(/^\0/, ''));
          }
        }
        // A comment must not end before its end, nor a script that it stands in.
        const texts = [...folders].sort().map(folder => {
          const about = JSON.parse(
            readFileSync(join(folder, 'package.json'), 'utf-8')
          );
          const file = readdirSync(folder).find(name =>
            /^licen[cs]e/i.test(name)
          );
          const text = file ? readFileSync(join(folder, file), 'utf-8') : '';
          return `${about.name} ${about.version} (${about.license})\n\n${text.trim()}`;
        });
        const whole = texts.join('\n\n---\n\n').replace(/\*\/|<[/!]/g, '');
        chunk.code += `/*!\n${whole}\n*/\n`;
      }
    }
  };
}

export default defineConfig({
  plugins: [woff2Only(), insideScript(), licences()],
  publicDir: false,
  build: {
    outDir: '../qwq_nb/standalone',
    emptyOutDir: true,
    target: ['chrome103', 'firefox113', 'safari16.4'],
    reportCompressedSize: false,
    rolldownOptions: { output: { minify: true } },
    lib: {
      entry: 'src/page/index.ts',
      formats: ['es'],
      fileName: () => 'view.js',
      cssFileName: 'view'
    }
  }
});
