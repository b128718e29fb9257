/** What a page of papers does for its reader; each part is a module of its own and can be left out. */

import './list.js';
import './list-position.js';
import './shortcuts.js';
import './fetching.js';
import './titles.js';
import './new-versions.js';
import '../shelf/paper-marks.js';
import './asking/asking.js';
import './cite.js';
import './cite-dialog.js';
import './find-bar.js';
import './list-bar.js';
import './subjects.js';
import './day-end.js';
import './order.js';
import './own-search.js';
import '../page/offline.js';
import '../page/print.js';
import './search-marks.js';
