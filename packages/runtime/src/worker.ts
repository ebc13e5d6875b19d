/** What a page's worker runs. */
import { serveWorker } from './index.js';

serveWorker();
