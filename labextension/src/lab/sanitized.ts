/** Html of a run's directory, which may be a stranger's, as an output in a trusted notebook may hold it. */

/** Pictures that need no request; what a drawing holds is no script in an image. */
const OWN = /^data:image\/(?:png|apng|gif|jpeg|svg\+xml)[;,]/i;
const LOADING = ['src', 'srcset', 'poster', 'background', 'data', 'action'];

/** Sanitized html without whatever would load from elsewhere when it is drawn, and without what Lab's own nodes go by. */
export function onlyOwnPictures(sanitized: string): string {
  // A document of its own: nothing in it is loaded or run.
  const { body } = new DOMParser().parseFromString(sanitized, 'text/html');
  for (const node of body.querySelectorAll(
    'style, link, iframe, video, audio, form, input, button'
  )) {
    node.remove();
  }
  for (const node of body.querySelectorAll('*')) {
    for (const name of LOADING) {
      const value = node.getAttribute(name);
      if (value !== null && !(name === 'src' && OWN.test(value))) {
        node.removeAttribute(name);
      }
    }
    for (const { name } of [...node.attributes]) {
      if (['style', 'id', 'class'].includes(name) || name.startsWith('data-')) {
        node.removeAttribute(name);
      }
    }
  }
  // eslint-disable-next-line no-restricted-properties -- read, never set
  return body.innerHTML;
}
