// htmx and Alpine (CSP build), which every page loads.
import htmx from "htmx.org/dist/htmx.esm.js";
import Alpine from "@alpinejs/csp";

window.htmx = htmx;

export { Alpine, htmx };
