// The reader's choices of theme and language, kept in the browser and applied before the first paint.
// A classic script on purpose: a module would run after the page has been painted in the wrong colours.
(() => {
  const root = document.documentElement;
  /** @param {string} name */
  const kept = (name) => {
    try {
      return localStorage.getItem(`quire:${name}`);
    } catch {
      return null; // storage is closed to this page: the system's choice holds
    }
  };
  /** @param {string} name @param {string} value */
  const keep = (name, value) => {
    try {
      localStorage.setItem(`quire:${name}`, value);
    } catch {
      // storage is closed to this page: the choice holds until it is left
    }
  };

  const theme = kept('theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;

  if (kept('view') === '"titles"') root.dataset.view = 'titles';

  // Asked by address, not by <html lang>, which a translator rewrites.
  const address = new URL(location.href);
  const asked = address.searchParams.get('lang');
  const language = kept('language');
  if (!asked && (language === 'en' || language === 'zh') && language !== root.dataset.interface) {
    address.searchParams.set('lang', language);
    location.replace(address);
  }

  // Who searches by words alone does so always, until they choose otherwise beneath a search.
  const isSearch = /\/search$/.test(address.pathname) && address.searchParams.get('q');
  if (isSearch && !address.searchParams.has('by') && kept('by') === '"words"') {
    address.searchParams.set('by', 'words');
    location.replace(address);
  }

  document.addEventListener('DOMContentLoaded', () => {
    const link = document.getElementById('language');
    link?.addEventListener('click', () => keep('language', link.dataset.language ?? 'en'));

    const button = /** @type {HTMLButtonElement | null} */ (document.getElementById('theme'));
    if (!button) return;
    const show = () => {
      button.textContent = button.dataset[root.dataset.theme ?? 'system'] ?? '';
    };
    button.hidden = false;
    show();
    button.addEventListener('click', () => {
      const order = ['system', 'light', 'dark'];
      const next = order[(order.indexOf(root.dataset.theme ?? 'system') + 1) % order.length];
      if (next === 'system') delete root.dataset.theme;
      else root.dataset.theme = next;
      keep('theme', next);
      show();
    });
  });
})();
