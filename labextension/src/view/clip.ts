/** Texts of which the middle may be missing. */
import { number } from '../record/format';
import { Clip } from '../record/record';
import { pythonIndex } from '../text/clean';

/** The text with a line where its middle is missing. */
export function whole(clip: Clip): string {
  if (clip.omitted === 0) {
    return clip.text;
  }
  const at = pythonIndex(clip.text, clip.at);
  const gap = `\n\n[… ${number(clip.omitted)} characters left out …]\n\n`;
  return clip.text.slice(0, at) + gap + clip.text.slice(at);
}
