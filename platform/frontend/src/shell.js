// htmx, which every page loads.
import htmx from "htmx.org/dist/htmx.esm.js";

window.htmx = htmx;

export { htmx };
