/** The Print command, which waits until every formula is typeset; the browser's own cannot wait. */

import { typesetAll } from '../../math-text/math-text.js';

document.getElementById('print')?.addEventListener('click', async () => {
  document.getElementById('menu')?.hidePopover();
  const busy = document.getElementById('loading');
  busy?.setAttribute('data-busy', '');
  await typesetAll();
  busy?.removeAttribute('data-busy');
  window.print();
});
