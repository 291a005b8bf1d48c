// Alpine (CSP build), for pages whose markup has x-data.
import Alpine from "@alpinejs/csp";

export { Alpine };
